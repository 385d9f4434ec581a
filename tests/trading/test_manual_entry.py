"""An entry by hand on real money: nothing is placed until a second person agrees to its terms."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.approvals.actions.open_request import RequestOpen
from apps.approvals.actions.vote import Ballot
from apps.approvals.domain.refusals import ContentChanged, ProofMismatch, VoteRefused
from apps.approvals.models import ChangeRequest
from apps.audit.models import AuditEvent
from apps.bots.models import Bot, BotTarget
from apps.core.clock import now
from apps.core.errors import RequiresChangeRequest
from apps.golive.actions.apply_approved import apply_approved
from apps.golive.actions.cast_vote import APPLIER, cast_vote
from apps.golive.actions.order_by_hand import order_by_hand
from apps.orders.models import Order
from apps.risk.actions.restrict import restrict
from apps.risk.models import Verdict
from apps.trading.actions import place_manual as placing
from apps.trading.actions.amend_order import NewTerms, amend_order
from apps.trading.actions.place_manual import place_manual
from apps.trading.actions.run_account import run_account
from apps.trading.domain.manual import ManualTerms
from tests.approvals.people import actor
from tests.factories import make_config, make_quote
from tests.trading.desk import ANNA

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal


@pytest.fixture
def bot(desk, venue, monkeypatch) -> Bot:
    """A bot at a price of 100 whose paper counts as real money."""
    made = desk.bot()
    desk.history([100.0] * 6)
    make_quote(desk.instruments[0], last=D(100), at=desk.at)
    run_account(account_id=desk.account.id)
    monkeypatch.setattr(placing, "REAL_MONEY", {"paper"})
    return made


def terms(bot: Bot, **change: object) -> ManualTerms:
    instrument = bot.config.instruments.get().instrument_id
    values = {"side": "buy", "type": "limit", "price": D(99), "amount": D(2), "request_id": "r1"}
    return ManualTerms(instrument_id=instrument, **values | change)  # type: ignore[arg-type]


def ask(user, bot: Bot, *, dry_run: bool = False, **change: object):
    return order_by_hand(
        actor=actor(user), user=user, bot_id=bot.pk, terms=terms(bot, **change),
        reason="news", dry_run=dry_run,
    )  # fmt: skip


def say(user, decision: str = "approve") -> ChangeRequest:
    request = ChangeRequest.objects.get()
    ballot = Ballot(
        request_id=request.pk, decision=decision, comment="seen", content_hash=request.content_hash
    )
    return cast_vote(actor=actor(user), user=user, ballot=ballot)


def test_it_is_placed_in_the_name_of_who_asked_when_a_second_person_agrees(
    bot, desk, olga, rita
) -> None:  # fmt: skip
    tried = ask(olga, bot, dry_run=True)
    assert (tried.needs_second_person, tried.refusals, tried.request) == (True, [], "")
    asked = ask(olga, bot)
    request = ChangeRequest.objects.get()
    assert (asked.order_id, asked.request) == (None, request.reference)
    assert (request.real_money, request.approvals_needed) == (True, 1)
    assert timedelta(minutes=14) < request.expires_at - now() <= timedelta(minutes=15)
    assert (Order.objects.count(), Verdict.objects.count(), BotTarget.objects.count()) == (0, 0, 0)
    with pytest.raises(RequestOpen):
        ask(olga, bot)
    with pytest.raises(VoteRefused, match="VOTE_BY_REQUESTER"):
        say(olga)
    assert say(rita).state == "applied"
    run_account(account_id=desk.account.id)
    order = Order.objects.get()
    assert (order.purpose, order.type, order.amount, order.price) == ("entry", "limit", 2, 99)
    assert (order.origin, order.requested_by, order.status) == ("manual", "olga", "open")
    assert order.reason == f"{request.reference}: news"
    assert BotTarget.objects.get().target_amount == 2
    assert AuditEvent.objects.filter(verb="order.place", actor_name="olga").count() == 1


def test_what_the_judge_refuses_asks_nobody(bot, olga) -> None:
    said = ask(olga, bot, amount=D("1000000"))
    assert (said.order_id, said.request) == (None, "")
    assert said.refusals
    assert not ChangeRequest.objects.exists()


def test_it_is_judged_again_when_it_is_placed(bot, olga, rita) -> None:
    ask(olga, bot)
    restrict(
        actor=ANNA, scope_kind="bot", scope_id=str(bot.pk), state="reducing", code="X", reason="x"
    )
    request = say(rita)
    assert (request.state, Order.objects.count()) == ("failed", 0)
    assert "ORDER_DENIED" in request.closed_reason
    assert "TRADING_REDUCING" in request.closed_reason


def test_a_bot_that_changed_voids_what_was_asked(bot, desk, olga, rita) -> None:
    ask(olga, bot)
    make_config(bot, desk.instruments, number=2)
    with pytest.raises(ContentChanged):
        say(rita)
    assert (ChangeRequest.objects.get().state, Order.objects.count()) == ("voided", 0)


def test_a_request_is_no_proof_of_other_terms_nor_of_a_second_order(bot, olga, rita) -> None:
    with pytest.raises(RequiresChangeRequest):
        place_manual(actor=ANNA, bot_id=bot.pk, terms=terms(bot), reason="because")
    ask(olga, bot)
    assert say(rita).state == "applied"
    used = ChangeRequest.objects.get()
    with pytest.raises(ProofMismatch):
        place_manual(actor=ANNA, bot_id=bot.pk, terms=terms(bot), reason="again", proof=used)
    assert apply_approved(request_id=used.pk, actor=APPLIER).state == "applied"
    assert Order.objects.count() == 1


def test_an_amendment_may_narrow_an_entry_and_not_widen_it(bot, desk, olga, rita) -> None:
    ask(olga, bot)
    say(rita)
    run_account(account_id=desk.account.id)
    order = Order.objects.get()
    for wider in (NewTerms(amount=D(3)), NewTerms(price=D("99.5"))):
        with pytest.raises(RequiresChangeRequest):
            amend_order(actor=ANNA, order_id=order.pk, terms=wider, reason="more")
    narrower = NewTerms(amount=D(1), price=D(98))
    placed = amend_order(actor=ANNA, order_id=order.pk, terms=narrower, reason="less")
    assert Order.objects.get(pk=placed.order_id).amount == 1
