"""Limits are lowered by one person and raised by a request; the database holds to it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction

from apps.accounts.models import User
from apps.approvals.domain.content import content_hash
from apps.approvals.domain.refusals import ProofMismatch
from apps.approvals.models import ChangeRequest, Vote
from apps.audit.models import AuditEvent
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import InvalidInput, NotFound, RequiresChangeRequest
from apps.risk.actions.set_limit import limit_content, set_limit
from apps.risk.models import Limit
from apps.risk.queries import (
    LimitTable,
    effective_limits,
    scope_exists,
)
from tests.factories import make_account, make_bot, make_instrument

D = Decimal
ACTOR = Actor(kind="person", id="7", name="Rita", role="risk_manager")
pytestmark = pytest.mark.django_db


def desk_limit(value, name="order_cost", **values):
    given = {"actor": ACTOR, "scope_kind": "desk", "scope_id": "", "name": name, "reason": "test"}
    return set_limit(**given | {"value": D(value)} | values)


def request_to_raise(value, *, name="order_cost", state="applying"):
    """A request that a risk manager approved, brought to `state` step by step."""
    asker, voter = (User.objects.create(username=f"u{uuid4().hex[:8]}") for _ in range(2))
    voter.groups.add(Group.objects.get(name="risk_manager"))
    content = limit_content(scope_kind="desk", scope_id="", name=name, value=D(value))
    request = ChangeRequest.objects.create(
        number=ChangeRequest.objects.count() + 1, kind="limit.raise", subject_type="limit",
        subject_id=uuid4().hex, subject_name="limit", title="Raise", content=content,
        content_hash=content_hash(content), reason="more", approvals_needed=1,
        roles_needed=["risk_manager"], requested_by=asker, created_at=now(),
        expires_at=now() + timedelta(hours=1),
    )  # fmt: skip
    Vote.objects.create(
        request=request, user=voter, role="risk_manager", decision="approve", comment="fine",
        content_hash=request.content_hash, at=now(),
    )  # fmt: skip
    for step in ("approved", "applying"):
        request.state = step
        request.save()
        if step == state:
            break
    return request


def sql(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_the_first_limit_and_every_lower_one_take_one_person_and_leave_an_audit_row():
    desk_limit(1000)
    desk_limit(500, reason="tighter")
    assert Limit.objects.get().value == 500
    rows = AuditEvent.objects.filter(object_type="risk_limit").order_by("seq")
    assert [(r.verb, r.actor_name, r.reason) for r in rows] == [
        ("limit.set", "Rita", "test"), ("limit.set", "Rita", "tighter"),
    ]  # fmt: skip


def test_the_same_value_again_is_no_raise():
    desk_limit(1000)
    assert desk_limit(1000).value == 1000


def test_raising_demands_a_change_request_and_says_what_would_pass():
    desk_limit(1000)
    with pytest.raises(RequiresChangeRequest) as refused:
        desk_limit(1001)
    assert refused.value.context == {
        "kind": "limit.raise", "limit": "order_cost", "value": "1001", "would_pass": "1000",
    }  # fmt: skip
    assert Limit.objects.get().value == 1000


def test_widening_a_collar_beyond_its_default_is_a_raise_though_nobody_set_one():
    with pytest.raises(RequiresChangeRequest):
        desk_limit("0.031", name="price_collar")
    assert desk_limit("0.03", name="price_collar").value == D("0.03")


def test_an_applying_request_that_names_it_raises_the_limit():
    desk_limit(1000)
    proof = request_to_raise(2000)
    assert desk_limit(2000, proof=proof).value == 2000
    event = AuditEvent.objects.filter(object_type="risk_limit").latest("seq")
    assert event.change_request_id == str(proof.id)


@pytest.mark.parametrize(
    "values",
    [{"value": 3000}, {"name": "position_cost"}, {"state": "approved"}],
)
def test_a_request_for_something_else_proves_nothing(values):
    desk_limit(1000)
    proof = request_to_raise(**{"value": 2000} | values)
    with pytest.raises(ProofMismatch):
        desk_limit(2000, proof=proof)
    assert Limit.objects.get().value == 1000


def test_a_request_that_was_made_up_in_memory_proves_nothing():
    desk_limit(1000)
    proof = request_to_raise(2000, state="approved")
    proof.state = "applying"
    with pytest.raises(ProofMismatch):
        desk_limit(2000, proof=proof)
    with pytest.raises(ProofMismatch):
        desk_limit(2000, proof=ChangeRequest(id=uuid4()))


def test_sql_as_the_desk_s_role_cannot_raise_move_or_delete_a_limit():
    desk_limit(1000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("desk_app",)
    with pytest.raises(DatabaseError, match="REQUIRES_CHANGE_REQUEST"):
        sql("UPDATE risk_limit SET value = 1001")
    with pytest.raises(DatabaseError, match="LIMIT_SCOPE_FIXED"):
        sql("UPDATE risk_limit SET scope_kind = 'account', scope_id = 'x'")
    with pytest.raises(DatabaseError, match="permission denied"):
        sql("DELETE FROM risk_limit")
    with pytest.raises(DatabaseError, match="REQUIRES_CHANGE_REQUEST"):
        sql("UPDATE risk_limit SET value = 'NaN'")
    forged = request_to_raise(1001, state="approved")
    with pytest.raises(DatabaseError, match="REQUIRES_CHANGE_REQUEST"):
        sql(
            "SELECT set_config('desk.change_request_id', %s, true);"
            " UPDATE risk_limit SET value = 1001",
            str(forged.id),
        )
    sql("UPDATE risk_limit SET value = 999")
    assert Limit.objects.get().value == 999


def test_the_owner_cannot_delete_a_limit_unseen(owner_connection):
    with pytest.raises(psycopg.errors.IntegrityError, match="LIMIT_KEPT"):
        owner_connection.execute(
            "INSERT INTO risk_limit (id, scope_kind, scope_id, name, value, reason, set_at, set_by)"
            " VALUES (gen_random_uuid(), 'desk', '', 'order_cost', 1, '', now(), 'x');"
            " DELETE FROM risk_limit"
        )


def test_sql_cannot_insert_a_collar_wider_than_its_default():
    with pytest.raises(DatabaseError, match="REQUIRES_CHANGE_REQUEST"):
        sql(
            "INSERT INTO risk_limit (id, scope_kind, scope_id, name, value, reason, set_at, set_by)"
            " VALUES (gen_random_uuid(), 'desk', '', 'data_age', 60, '', now(), 'x')"
        )


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"name": "courage"}, "LIMIT_UNKNOWN"),
        ({"scope_kind": "galaxy"}, "SCOPE_UNKNOWN"),
        ({"value": D("NaN")}, "NOT_A_NUMBER"),
        ({"value": D(-1)}, "LIMIT_OUT_OF_RANGE"),
        ({"value": D("1e25")}, "LIMIT_OUT_OF_RANGE"),
        ({"reason": " "}, "REASON_REQUIRED"),
        ({"scope_kind": "instrument", "name": "daily_loss"}, "LIMIT_NOT_FOR_SCOPE"),
    ],
)
def test_nonsense_is_refused_by_name(values, code):
    with pytest.raises(InvalidInput) as refused:
        desk_limit(**{"value": 1} | values)
    assert refused.value.code == code
    assert not Limit.objects.exists()


def test_a_limit_needs_something_to_bind():
    with pytest.raises(NotFound):
        desk_limit(1, scope_kind="bot", scope_id="no-uuid")
    with pytest.raises(NotFound):
        desk_limit(1, scope_kind="account", scope_id=str(uuid4()))


def test_scopes_are_looked_up_by_their_own_ids():
    bot = make_bot()
    there = {
        "desk": "", "stage": "testnet", "venue": bot.account.venue, "account": str(bot.account_id),
        "strategy": "sma_cross", "bot": str(bot.id),
        "instrument": str(bot.config.instruments.get().instrument_id),
    }  # fmt: skip
    assert all(scope_exists(scope_kind=kind, scope_id=id_) for kind, id_ in there.items())
    assert not any(scope_exists(scope_kind=kind, scope_id="nothing") for kind in there)


def test_effective_limits_take_two_statements_for_any_fleet(django_assert_num_queries):
    instruments = [make_instrument() for _ in range(2)]
    account = make_account()
    bots = [make_bot(account=account, instruments=instruments) for _ in range(4)]
    desk_limit(1000)
    desk_limit(10, scope_kind="bot", scope_id=str(bots[1].id))
    desk_limit(5, scope_kind="instrument", scope_id=str(instruments[1].id))
    pairs = [(bot.id, bot.account_id) for bot in bots]
    with django_assert_num_queries(2):
        limits = effective_limits(bots=pairs, instrument_ids=[i.id for i in instruments])
        first, second = (limits[bots[0].id, i.id] for i in instruments)
        assert first.tightest("order_cost") == 1000
        assert second.tightest("order_cost") == 5
        assert first.at("account", "daily_loss") == 5000
        assert first.at("desk", "price_collar") == D("0.03")
        assert limits[bots[1].id, instruments[0].id].tightest("order_cost") == 10
        assert limits[bots[2].id, instruments[0].id] is first
        assert len(limits) == len(list(limits)) == 8


def test_above_paper_a_limit_that_nobody_set_is_missing():
    bot, account = uuid4(), uuid4()
    limits = LimitTable(
        limits={("desk", ""): {"order_cost": D(1)}}, bots={bot: (account, "testnet")},
        instrument_ids=[1],
    )  # fmt: skip
    assert limits[bot, 1].missing == (
        "position_cost",
        "gross_exposure",
        "daily_loss",
        "open_orders",
    )
