"""Tokens: scoped, hashed, shown once, at most 90 days, never voting."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from apps.accounts.actions.create_person import NewPerson, create_person
from apps.accounts.actions.create_token import create_token
from apps.accounts.actions.deactivate import deactivate
from apps.accounts.actions.revoke_token import revoke_token
from apps.accounts.actions.touch_token import touch_token
from apps.accounts.models import ApiToken, User
from apps.accounts.queries import actor_of, permissions_for
from apps.audit.models import AuditEvent
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import InvalidInput, NotFound
from apps.core.scrubbing import scrub_text

ADMIN = Actor(kind="person", id="1", name="root", role="administrator")
pytestmark = pytest.mark.django_db


@pytest.fixture
def rita() -> User:
    return create_person(actor=ADMIN, person=NewPerson("rita", roles=("risk_manager", "operator")))


def token(user: User, *scopes: str, days: int = 30) -> tuple[ApiToken, str]:
    return create_token(actor=ADMIN, user=user, name="ci", scopes=scopes, days=days)


def test_a_token_signs_in_and_only_its_hash_is_stored(rita: User) -> None:
    row, text = token(rita, "read")
    assert text.startswith("td_")
    assert text not in str(ApiToken.objects.filter(pk=row.pk).values().get())
    user, auth = TokenAuthentication().authenticate_credentials(text.encode())
    assert (user, auth) == (rita, row)


def test_a_token_may_what_scope_and_role_both_allow(rita: User) -> None:
    row, _ = token(rita, "read", "trade", "admin")
    may = permissions_for(row)
    assert {"view_desk", "operate_bots", "use_api"} <= may
    assert "manage_accounts" not in may  # the scope has it, her roles do not
    assert "halt" not in may  # her roles have it, the scope does not


def test_a_token_never_votes_nor_releases(rita: User) -> None:
    row, _ = token(rita, "read", "propose", "trade", "halt", "operate", "admin")
    assert not permissions_for(row) & {"vote", "release_halt", "manage_people"}


def test_the_audit_knows_the_token_by_its_public_id_only(rita: User) -> None:
    row, text = token(rita, "read")
    event = AuditEvent.objects.get(object_type="accounts_apitoken")
    assert (event.object_id, event.object_name, event.verb) == (
        str(row.public_id),
        "ci",
        "token.create",
    )
    assert row.digest not in str(event.after)
    assert text[:15] not in str(event.after)


@pytest.mark.parametrize(
    ("scopes", "days", "code"),
    [
        (["vote"], 1, "SCOPE_UNKNOWN"),
        ([], 1, "SCOPE_UNKNOWN"),
        (["read"], 91, "TOKEN_LIFETIME"),
        (["read"], 0, "TOKEN_LIFETIME"),
    ],
)
def test_a_wrong_token_is_refused(rita: User, scopes: list[str], days: int, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        token(rita, *scopes, days=days)
    assert refused.value.code == code
    assert not ApiToken.objects.exists()


def test_an_expired_token_may_nothing_and_does_not_sign_in(rita: User) -> None:
    row, text = token(rita, "read")
    ApiToken.objects.filter(pk=row.pk).update(expiry=now() - timedelta(seconds=1))
    row.refresh_from_db()
    assert permissions_for(row) == frozenset()
    with pytest.raises(AuthenticationFailed):
        TokenAuthentication().authenticate_credentials(text.encode())


def test_a_revoked_token_is_gone(rita: User) -> None:
    row, text = token(rita, "read")
    revoke_token(actor=ADMIN, public_id=row.public_id, reason="leaked")
    with pytest.raises(AuthenticationFailed):
        TokenAuthentication().authenticate_credentials(text.encode())
    assert AuditEvent.objects.filter(verb="token.revoke", reason="leaked").count() == 1
    with pytest.raises(NotFound):
        revoke_token(actor=ADMIN, public_id=row.public_id)


def test_who_leaves_takes_their_tokens_along(rita: User) -> None:
    token(rita, "read")
    deactivate(actor=ADMIN, user=rita, reason="left")
    assert not ApiToken.objects.exists()


def test_the_last_use_is_noted_once_a_minute_and_writes_no_audit(rita: User) -> None:
    row, _ = token(rita, "read")
    events = AuditEvent.objects.count()
    touch_token(token=row)
    first = ApiToken.objects.get(pk=row.pk).last_used_at
    touch_token(token=row)
    assert ApiToken.objects.get(pk=row.pk).last_used_at == first is not None
    assert AuditEvent.objects.count() == events


def test_the_command_prints_only_the_token(rita: User) -> None:
    out = io.StringIO()
    call_command("token", "create", "--user", "rita", "--scopes", "read,trade", stdout=out)
    text = out.getvalue().strip()
    assert out.getvalue() == f"{text}\n"
    _, row = TokenAuthentication().authenticate_credentials(text.encode())
    assert row.scopes == ["read", "trade"]
    listing = io.StringIO()
    call_command("token", "list", "--user", "rita", stdout=listing)
    assert text not in listing.getvalue()
    call_command("token", "revoke", "--id", str(row.public_id))
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "words", [("--user", "nobody", "--scopes", "read"), ("--user", "rita", "--scopes", "all")]
)
def test_the_command_refuses_with_a_code(rita: User, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match=r"PERSON_NOT_FOUND|SCOPE_UNKNOWN"):
        call_command("token", "create", *words)


def test_what_a_token_does_counts_as_its_owners(rita: User) -> None:
    row, _ = token(rita, "read")
    actor = actor_of(user=rita, token=row)
    assert (actor.kind, actor.id, actor.name) == ("token", str(rita.id), "rita/ci")


def test_a_token_is_scrubbed_from_any_text(rita: User) -> None:
    _, text = token(rita, "read")
    assert text not in scrub_text(f"calling with {text} failed")
