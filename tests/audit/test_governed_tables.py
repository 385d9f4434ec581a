"""Every way to change a governed row leaves a row that says who and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection, models, transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from apps.accounts.actions.create_token import create_token
from apps.accounts.models import ApiToken, User
from apps.approvals.actions.open_request import open_request
from apps.approvals.models import ChangeRequest, ContentEdit, Vote
from apps.audit.context import acting
from apps.audit.models import AuditEvent
from apps.bots.models import Bot, BotConfig, BotConfigInstrument
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.ids import new_id
from apps.risk.models import Limit, Restriction
from apps.strategies.models import Strategy, StrategyVersion
from apps.venues.models import VenueAccount
from tests.approvals.people import SYSTEM, actor, person, proposal
from tests.factories import make_account, make_bot, make_config, make_instrument

pytestmark = pytest.mark.django_db
RITA = Actor(
    kind="person", id="r1", name="rita", role="risk_manager", address="10.0.0.1", request_id="q1"
)


def limit(**values: Any) -> Limit:
    fields = {"scope_kind": "bot", "scope_id": new_id().hex, "name": "order_cost", "value": 1}
    return Limit(**fields | {"set_at": now(), "set_by": "x"} | values)


def restriction(**values: Any) -> Restriction:
    fields = {
        "scope_kind": "desk",
        "state": "reducing",
        "code": f"C{new_id().hex[-6:]}",
        "reason": "r",
    }
    return Restriction(**fields | {"set_at": now(), "set_by": "x"} | values)


def bot() -> Bot:
    account = VenueAccount.objects.first() or make_account()
    return Bot(
        slug=f"b-{new_id()}", name="b", account=account, state_since=now(), stage_since=now()
    )


def user() -> User:
    return User(username=f"u-{new_id()}", password="secret-hash")


def account() -> VenueAccount:
    return VenueAccount(
        slug=f"a-{new_id()}", name="a", venue="binance", environment="simulated",
        api_key_sealed="sealed-key", api_secret_sealed="sealed-secret",
    )  # fmt: skip


def task() -> PeriodicTask:
    interval = IntervalSchedule.objects.get_or_create(every=77, period="seconds")[0]
    return PeriodicTask(name=str(new_id()), task="ops.pulse", interval=interval)


# model → (make an unsaved row, a column to change, its new value, SQL for it, may it be deleted)
CHANGEABLE: dict[type[models.Model], tuple[Callable[[], Any], str, Any, bool]] = {
    Limit: (limit, "reason", "other", False),
    Restriction: (restriction, "reason", "other", False),
    Bot: (bot, "name", "other", False),
    User: (user, "display_name", "other", True),
    VenueAccount: (account, "name", "other", False),
    PeriodicTask: (task, "description", "other", True),
    Group: (lambda: Group(name=str(new_id())), "name", "other", True),
}
NAMES = [model._meta.db_table for model in CHANGEABLE]


def rows(model: type[models.Model], verb: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(object_type=model._meta.db_table, verb=verb))


def check(model: type[models.Model], verb: str, *, count: int = 1) -> None:
    found = rows(model, verb)
    assert len(found) == count
    for event in found:
        assert (event.actor_kind, event.actor_id, event.actor_name) == ("person", "r1", "rita")
        assert (event.reason, event.address, event.request_id) == ("because", "10.0.0.1", "q1")


def as_rita(verb: str) -> Any:
    return acting(actor=RITA, verb=verb, reason="because")


@pytest.mark.parametrize("model", CHANGEABLE, ids=NAMES)
def test_save_update_bulk_and_sql_each_leave_a_row(model: type[models.Model]) -> None:
    make, column, value, _ = CHANGEABLE[model]
    table, key = model._meta.db_table, model._meta.pk.column
    with transaction.atomic():
        with as_rita("t.save"):
            row = make()
            row.save()
        check(model, "t.save")
        with as_rita("t.bulk_create"):
            many = model.objects.bulk_create([make(), make()])
        check(model, "t.bulk_create", count=2)
        with as_rita("t.update"):
            model.objects.filter(pk=row.pk).update(**{column: value})
        check(model, "t.update")
        with as_rita("t.bulk_update"):
            for number, other in enumerate(many):
                setattr(other, column, f"bulk {number}")
            model.objects.bulk_update(many, [column])
        check(model, "t.bulk_update", count=2)
        with as_rita("t.sql"), connection.cursor() as cursor:
            cursor.execute(f'UPDATE {table} SET "{column}" = %s WHERE {key} = %s', ["sql", row.pk])
        check(model, "t.sql")
    event = rows(model, "t.sql")[0]
    assert (event.before[column], event.after[column]) == (value, "sql")
    assert event.object_id == str(row.pk)


@pytest.mark.parametrize("model", CHANGEABLE, ids=NAMES)
def test_delete_leaves_a_row_or_is_refused(model: type[models.Model]) -> None:
    make, _, _, is_deletable = CHANGEABLE[model]
    row = make()
    row.save()
    if not is_deletable:
        with (
            pytest.raises(Exception, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
        return
    with transaction.atomic(), as_rita("t.delete"):
        row.delete()
    check(model, "t.delete")
    event = rows(model, "t.delete")[0]
    assert event.after is None
    assert event.before is not None


@pytest.mark.parametrize("model", CHANGEABLE, ids=NAMES)
def test_a_change_that_names_nobody_is_on_record_as_sql(model: type[models.Model]) -> None:
    row = CHANGEABLE[model][0]()
    row.save()
    event = AuditEvent.objects.filter(object_type=model._meta.db_table).first()
    assert (event.actor_kind, event.actor_id, event.verb) == ("sql", "desk_app", "insert")


def test_append_only_tables_leave_a_row_for_each_insert() -> None:
    sam, rita = person("sam", "strategist"), person("rita", "risk_manager")
    before = AuditEvent.objects.count()
    request = open_request(actor=actor(sam), user=sam, proposal=proposal(editors={sam.pk: "text"}))
    with transaction.atomic(), as_rita("t.vote"):
        Vote.objects.create(
            request=request, user=rita, role="risk_manager", decision="approve", comment="yes",
            content_hash=request.content_hash, at=now(),
        )  # fmt: skip
    check(Vote, "t.vote")
    tables = AuditEvent.objects.values_list("object_type", flat=True)
    assert {"approvals_changerequest", "approvals_contentedit", "approvals_vote"} <= set(tables)
    assert AuditEvent.objects.count() == before + 3
    assert ContentEdit.objects.count() == ChangeRequest.objects.count() == 1


def test_configs_strategies_and_their_parts_leave_rows() -> None:
    made = make_bot()
    make_config(made, [make_instrument()])
    for model, count in (
        (BotConfig, 2), (BotConfigInstrument, 2), (Strategy, 1), (StrategyVersion, 1),
    ):  # fmt: skip
        found = AuditEvent.objects.filter(object_type=model._meta.db_table)
        assert found.count() == count, model


def test_a_cascade_leaves_a_row_for_everything_it_takes_along() -> None:
    gone = person("gone", "viewer")
    create_token(actor=SYSTEM, user=gone, name="t", scopes=["read"])
    gone.user_permissions.add(Permission.objects.get(codename="vote"))
    with transaction.atomic(), as_rita("t.cascade"):
        gone.delete()
    tables = AuditEvent.objects.filter(verb="t.cascade").values_list("object_type", flat=True)
    assert sorted(tables) == [
        "accounts_apitoken", "accounts_user", "accounts_user_groups", "accounts_user_user_permissions",
    ]  # fmt: skip
    check(ApiToken, "t.cascade")


def test_what_a_role_may_do_is_governed() -> None:
    group = Group.objects.get(name="viewer")
    with transaction.atomic(), as_rita("t.grant"):
        group.permissions.add(Permission.objects.get(codename="halt"))
    event = AuditEvent.objects.get(verb="t.grant")
    assert (event.object_type, event.after["group_id"]) == ("auth_group_permissions", group.pk)


def test_sealed_columns_are_hidden() -> None:
    row = account()
    row.save()
    event = AuditEvent.objects.get(object_type="venues_venueaccount", object_id=str(row.pk))
    assert event.after["api_key_sealed"] == event.after["api_secret_sealed"] == "[hidden]"
    assert "sealed-key" not in str(event.after)
    one = user()
    one.save()
    event = AuditEvent.objects.get(object_type="accounts_user", object_id=str(one.pk))
    assert event.after["password"] == "[hidden]"


def test_a_sign_in_or_a_heartbeat_of_a_row_alone_leaves_none() -> None:
    row = person("ann", "viewer")
    before = AuditEvent.objects.count()
    User.objects.filter(pk=row.pk).update(last_login=now() - timedelta(hours=1))
    assert AuditEvent.objects.count() == before


def test_an_update_that_changes_nothing_leaves_no_row() -> None:
    row = limit()
    row.save()
    before = AuditEvent.objects.count()
    Limit.objects.filter(pk=row.pk).update(value=1)
    assert AuditEvent.objects.count() == before


def test_a_temporary_table_cannot_swallow_the_record() -> None:
    row = limit()
    row.save()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE audit_auditevent (LIKE public.audit_auditevent)")
        cursor.execute("UPDATE risk_limit SET value = 0")
        cursor.execute("SELECT count(*) FROM pg_temp.audit_auditevent")
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT count(*) FROM public.audit_auditevent WHERE object_type = 'risk_limit'"
        )
        assert cursor.fetchone() == (2,)
        cursor.execute("DROP TABLE pg_temp.audit_auditevent")
