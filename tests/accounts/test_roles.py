"""The seven roles: one table in code, groups in the database, nothing past them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from apps.accounts.actions.create_person import NewPerson, create_person
from apps.accounts.actions.deactivate import deactivate
from apps.accounts.actions.set_roles import set_roles
from apps.accounts.actions.sync_roles import sync_roles
from apps.accounts.domain.roles import ROLE_PERMISSIONS, RolesInvalid
from apps.accounts.models import User
from apps.accounts.queries import actor_of, people_with, permissions_for, roles_of
from apps.audit.models import AuditEvent
from apps.core.actor import Actor
from apps.core.errors import InvalidInput

ADMIN = Actor(kind="person", id="1", name="root", role="administrator")
pytestmark = pytest.mark.django_db


def person(name: str, *roles: str, **more: object) -> User:
    return create_person(actor=ADMIN, person=NewPerson(username=name, roles=roles, **more))


@pytest.mark.parametrize("role", sorted(ROLE_PERMISSIONS))
def test_each_role_has_exactly_the_permissions_of_the_table(role: str) -> None:
    user = person(f"a-{role.replace('_', '-')}", role)
    assert permissions_for(user) == ROLE_PERMISSIONS[role]
    assert user.get_all_permissions() == {f"accounts.{code}" for code in ROLE_PERMISSIONS[role]}


def test_only_the_risk_manager_votes_and_the_administrator_never() -> None:
    assert {role for role, may in ROLE_PERMISSIONS.items() if "vote" in may} == {"risk_manager"}
    assert not person("adam", "administrator").has_perm("accounts.vote")


def test_the_superuser_flag_gives_no_power() -> None:
    user = person("sue", "viewer")
    user.is_superuser = True
    user.save()
    assert not user.has_perm("accounts.vote")
    assert not user.has_module_perms("bots")
    assert permissions_for(user) == ROLE_PERMISSIONS["viewer"]


def test_a_permission_given_to_one_user_gives_nothing() -> None:
    user = person("solo", "viewer")
    user.user_permissions.add(Permission.objects.get(codename="vote"))
    assert not User.objects.get(pk=user.pk).has_perm("accounts.vote")


def test_a_permission_slipped_into_a_group_gives_nothing_and_sync_removes_it() -> None:
    user = person("vic", "viewer")
    group = Group.objects.get(name="viewer")
    group.permissions.add(Permission.objects.get(codename="vote"))
    assert "vote" not in permissions_for(user)
    assert sync_roles(actor=ADMIN) == {"viewer": ["-vote"]}
    assert sync_roles(actor=ADMIN) == {}


def test_a_permission_taken_from_a_group_is_gone_at_once_and_sync_restores_it() -> None:
    user = person("rita", "risk_manager")
    Group.objects.get(name="risk_manager").permissions.remove(
        Permission.objects.get(codename="vote")
    )
    assert "vote" not in permissions_for(user)
    call_command("roles", "sync")
    assert "vote" in permissions_for(user)
    assert AuditEvent.objects.filter(verb="roles.sync").count() == 1


def test_exclusive_roles_are_refused_with_a_code_before_the_database_does() -> None:
    user = person("mia", "strategist")
    with pytest.raises(RolesInvalid) as refused:
        set_roles(actor=ADMIN, user=user, roles=["strategist", "auditor"])
    assert refused.value.code == "ROLES_EXCLUDE_EACH_OTHER"
    assert roles_of(user) == ("strategist",)


def test_the_database_refuses_exclusive_roles_to_raw_sql() -> None:
    user = person("max", "strategist")
    with (
        pytest.raises(DatabaseError, match="ROLES_EXCLUDE_EACH_OTHER"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO accounts_user_groups (user_id, group_id)"
            " SELECT %s, id FROM auth_group WHERE name = 'auditor'",
            [user.id],
        )


def test_a_person_may_move_from_one_exclusive_role_to_another() -> None:
    user = person("moe", "strategist")
    set_roles(actor=ADMIN, user=user, roles=["auditor"], reason="new duty")
    assert roles_of(user) == ("auditor",)
    row = AuditEvent.objects.filter(object_type="accounts_user_groups").first()
    assert (row.verb, row.actor_name, row.reason) == ("person.set_roles", "root", "new duty")


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (NewPerson("x1", roles=("boss",)), "ROLE_UNKNOWN"),
        (NewPerson("x2", roles=("risk_manager",), is_machine=True), "MACHINE_NEVER_VOTES"),
        (NewPerson("x3", password="short"), "PASSWORD_WEAK"),
        (NewPerson("Not A Slug"), "PERSON_INVALID"),
        (NewPerson("taken"), "NAME_TAKEN"),
    ],
)
def test_a_wrong_person_is_refused_and_nothing_is_written(new: NewPerson, code: str) -> None:
    person("taken")
    before = User.objects.count()
    with pytest.raises(InvalidInput) as refused:
        create_person(actor=ADMIN, person=new)
    assert refused.value.code == code
    assert User.objects.count() == before


def test_a_person_signs_in_with_a_password_and_a_machine_never(client) -> None:
    from django.contrib.auth import authenticate

    person("ann", "viewer", password="correct-horse-battery")
    bot = person("bot", "machine", is_machine=True)
    bot.set_password("correct-horse-battery")
    bot.save()
    request = RequestFactory().post("/sign-in/")
    assert authenticate(request, username="ann", password="correct-horse-battery").username == "ann"
    assert authenticate(request, username="bot", password="correct-horse-battery") is None


def test_a_password_never_reaches_the_audit() -> None:
    user = person("pat", password="correct-horse-battery")
    row = AuditEvent.objects.get(object_type="accounts_user", object_id=str(user.id))
    assert row.after["password"] == "[hidden]"
    assert "pbkdf2" not in str(row.after)


def test_a_deactivated_person_may_nothing() -> None:
    user = person("dan", "risk_manager")
    assert user in people_with("vote")
    deactivate(actor=ADMIN, user=user, reason="left")
    assert permissions_for(user) == frozenset()
    assert not User.objects.get(pk=user.pk).has_perm("accounts.vote")
    assert user not in people_with("vote")


def test_who_may_read_something_there_opens_the_admin() -> None:
    assert person("aud", "auditor").is_staff
    assert not person("vie", "viewer").is_staff


def test_an_actor_carries_its_roles_as_text() -> None:
    user = person("rob", "risk_manager", "operator")
    actor = actor_of(user=user, address="127.0.0.1", request_id="r1")
    assert (actor.kind, actor.name, actor.role) == ("person", "rob", "operator,risk_manager")
    assert (actor.id, actor.address, actor.request_id) == (str(user.id), "127.0.0.1", "r1")
