"""Limits and restrictions in the database: what one person may do, and what nobody may."""

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
from apps.risk.actions.halt import halt
from apps.risk.actions.lift import HaltNeedsRelease, LiftsItself, lift
from apps.risk.actions.lock_books import BooksOutsideTransaction, lock_books
from apps.risk.actions.record_verdicts import record_verdicts
from apps.risk.actions.restrict import restrict
from apps.risk.actions.set_limit import limit_content, set_limit
from apps.risk.domain.forms import BotScope, Judgement, ProposedOrder, Reference, Refusal
from apps.risk.domain.verdicts import VerdictItem
from apps.risk.models import Limit, Restriction, RiskBook, Verdict
from apps.risk.queries import (
    LimitTable,
    account_restrictions,
    bot_scopes,
    effective_limits,
    restrictions_in_force,
    scope_exists,
    trading_states,
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


def test_trading_states_take_one_statement_and_the_strictest_wins(django_assert_num_queries):
    bot, other = make_bot(), make_bot()
    scopes = [
        BotScope(b.id, b.account_id, "binance", "paper", "sma_cross", (1, 2)) for b in (bot, other)
    ]
    given = {"actor": ACTOR, "reason": "test"}
    restrict(
        scope_kind="account", scope_id=str(bot.account_id), state="reducing", code="X", **given
    )
    restrict(scope_kind="instrument", scope_id="2", state="halted", code="Y", **given)
    with django_assert_num_queries(1):
        states = trading_states(bots=scopes)
    assert states == {
        bot.id: {1: "reducing", 2: "halted"}, other.id: {1: "active", 2: "halted"},
    }  # fmt: skip


def test_bot_scopes_say_where_each_bot_stands():
    bot = make_bot()
    make_bot()
    assert bot_scopes(account_id=bot.account_id) == [
        BotScope(bot.id, bot.account_id, bot.account.venue, "paper", "sma_cross", ())
    ]
    assert len(bot_scopes()) == 2


def test_a_restriction_is_one_row_a_scope_and_code_and_only_gets_stricter():
    given = {"actor": ACTOR, "scope_kind": "desk", "scope_id": "", "code": "HALT", "reason": "why"}
    first = restrict(state="reducing", **given)
    second = restrict(state="halted", flatten=True, **given)
    third = restrict(state="reducing", **given)
    assert first.id == second.id == third.id
    row = Restriction.objects.get()
    assert (row.state, row.flatten, row.set_by) == ("halted", True, "Rita")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"scope_kind": "galaxy"}, "SCOPE_UNKNOWN"),
        ({"state": "sleepy"}, "STATE_UNKNOWN"),
        ({"state": "reducing", "flatten": True}, "FLATTEN_NEEDS_HALT"),
        ({"reason": ""}, "REASON_REQUIRED"),
    ],
)
def test_a_restriction_without_sense_is_refused(values, code):
    given = {
        "actor": ACTOR, "scope_kind": "desk", "scope_id": "", "state": "halted", "code": "X",
        "reason": "r",
    }  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        restrict(**given | values)
    assert refused.value.code == code
    assert not Restriction.objects.exists()


def test_a_halt_of_nothing_is_refused():
    with pytest.raises(NotFound):
        halt(actor=ACTOR, scope_kind="bot", scope_id=str(uuid4()), reason="why")


def test_a_halt_wakes_whoever_listens_when_it_commits(django_assert_num_queries):
    found = halt(actor=ACTOR, scope_kind="desk", scope_id="", reason="why")
    assert [r.id for r in restrictions_in_force()] == [found.id]
    assert AuditEvent.objects.filter(verb="halt", object_id=str(found.id)).count() == 1


def test_a_halt_is_not_lifted_without_its_re_check_and_a_reason():
    found = halt(actor=ACTOR, scope_kind="desk", scope_id="", reason="why")
    with pytest.raises(HaltNeedsRelease):
        lift(actor=ACTOR, restriction_id=found.id, reason="calm again")
    with pytest.raises(InvalidInput):
        lift(actor=ACTOR, restriction_id=found.id, reason="", halt_is_over=True)
    lifted = lift(actor=ACTOR, restriction_id=found.id, reason="calm again", halt_is_over=True)
    again = lift(actor=ACTOR, restriction_id=found.id, reason="twice", halt_is_over=True)
    assert (again.lifted_by, again.lift_reason) == ("Rita", "calm again")
    assert again.lifted_at == lifted.lifted_at
    assert AuditEvent.objects.filter(verb="halt.release").count() == 1
    with pytest.raises(NotFound):
        lift(actor=ACTOR, restriction_id=uuid4(), reason="x")


def test_a_person_cannot_talk_an_account_reconciled():
    given = {"scope_kind": "account", "scope_id": "x", "state": "reducing", "reason": "start"}
    found = restrict(actor=ACTOR, code="NOT_RECONCILED", **given)
    with pytest.raises(LiftsItself):
        lift(actor=ACTOR, restriction_id=found.id, reason="trust me")
    assert lift(
        actor=Actor.task("reconciliation"), restriction_id=found.id, reason="equal"
    ).lifted_at


def test_account_restrictions_are_those_that_bind_all_of_it():
    bot, other = make_bot(), make_bot()
    given = {"actor": ACTOR, "state": "reducing", "reason": "test"}
    restrict(scope_kind="account", scope_id=str(bot.account_id), code="A", **given)
    restrict(scope_kind="venue", scope_id=bot.account.venue, code="V", **given)
    restrict(scope_kind="bot", scope_id=str(bot.id), code="B", **given)
    assert {r.code for r in account_restrictions(bot.account_id)} == {"A", "V"}
    assert {r.code for r in account_restrictions(other.account_id)} == {"V"}


def test_books_are_locked_desk_first_and_made_at_first_use():
    account = make_account()
    lock_books(account_id=account.id)
    lock_books(account_id=account.id)
    assert RiskBook.objects.filter(scope_kind="account").count() == 1


@pytest.mark.django_db(transaction=True)
def test_books_outside_a_transaction_are_refused():
    with pytest.raises(BooksOutsideTransaction):
        lock_books(account_id=uuid4())


def test_verdicts_are_recorded_in_one_statement_with_exact_numbers(django_assert_num_queries):
    bot = make_bot()
    proposed = ProposedOrder(
        account_id=bot.account_id, bot_id=bot.id,
        instrument_id=bot.config.instruments.get().instrument_id, purpose="entry", side="buy",
        type="limit", amount=D("0.10"), price=D("100.0"), reference=Reference(D("99.5"), 0.25),
    )  # fmt: skip
    refusal = Refusal("PRICE_COLLAR", {"limit": D("0.030"), "would_pass": [D(97), D(103)], "n": 1})
    items = [
        VerdictItem(proposed, Judgement((), D(100), D(10)), at=now(), cycle_at=now()),
        VerdictItem(proposed, Judgement((refusal,), None, D(0)), at=now()),
    ]
    with django_assert_num_queries(1):
        ids = record_verdicts(items=items)
    allowed, denied = (Verdict.objects.get(id=i) for i in ids)
    assert (allowed.is_allowed, allowed.reserved_cost, allowed.codes) == (True, 10, [])
    assert allowed.proposal == {
        "purpose": "entry", "side": "buy", "type": "limit", "amount": "0.1", "price": "100",
        "stop_price": None, "time_in_force": "GTC", "reduce_only": False, "reference": "99.5",
        "reference_age_seconds": 0.25,
    }  # fmt: skip
    assert denied.codes == [
        {"code": "PRICE_COLLAR", "limit": "0.03", "would_pass": ["97", "103"], "n": 1}
    ]
    assert record_verdicts(items=[]) == []
