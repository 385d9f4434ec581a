"""Restrictions and halts, the books' locks, and verdicts as they are recorded."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest

from apps.audit.models import AuditEvent
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import InvalidInput, NotFound
from apps.risk.actions.halt import halt
from apps.risk.actions.lift import HaltNeedsRelease, LiftsItself, lift
from apps.risk.actions.lock_books import BooksOutsideTransaction, lock_books
from apps.risk.actions.record_verdicts import record_verdicts
from apps.risk.actions.restrict import restrict
from apps.risk.domain.forms import BotScope, Judgement, ProposedOrder, Reference, Refusal
from apps.risk.domain.verdicts import VerdictItem
from apps.risk.models import Restriction, RiskBook, Verdict
from apps.risk.queries import (
    account_restrictions,
    bot_scopes,
    restrictions_in_force,
    trading_states,
)
from tests.factories import make_account, make_bot

D = Decimal
ACTOR = Actor(kind="person", id="7", name="Rita", role="risk_manager")
pytestmark = pytest.mark.django_db


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
