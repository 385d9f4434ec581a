"""After a restore from an older backup: our own later orders are known by their ids alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.conf import settings

from apps.core.clock import from_ms
from apps.core.errors import Conflict
from apps.golive.actions.request_adjustment import request_adoption
from apps.marketdata.models import Instrument
from apps.orders.domain.client_ids import client_order_id
from apps.orders.models import Order
from apps.portfolio.models import Position
from apps.reconciliation.actions import tell_strangers
from apps.reconciliation.actions.reconcile_history import reconcile_history
from apps.reconciliation.actions.reconcile_orders import reconcile_orders
from apps.reconciliation.models import Case
from apps.venues import gateways
from apps.venues.domain.reports import OrderReport, OrderTicket
from apps.venues.gateways.loop import call
from apps.venues.queries import credentials
from tests.approvals.people import actor, person
from tests.factories import make_bot, make_draft, make_quote
from tests.fixtures.simulator import START_MS
from tests.portfolio.stories import broken_invariants
from tests.reconciliation.test_case_acts import approve, backups
from tests.reconciliation.test_demo_breaks import compare, open_kinds, opened, simulator, simulators
from tests.reconciliation.test_passes import restrictions

__all__ = ["backups", "opened", "simulator", "simulators"]
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "simulator"])
D = Decimal
SYMBOL = "BTC/USDT"


def sent(bot, **terms) -> str:
    """Send an order of the bot that no row tells of; return its id."""
    draft = make_draft(bot, **terms)
    name = client_order_id(draft=draft, key=settings.DESK_MARK_KEY)
    ticket = OrderTicket(
        client_order_id=name, symbol=SYMBOL, side=draft.side, type=draft.type,
        time_in_force=draft.time_in_force, amount=draft.amount, price=draft.price,
        stop_price=draft.stop_price, worst_price=draft.worst_price,
    )  # fmt: skip
    gateway = gateways.gateway(credentials(account_id=bot.account_id))
    call(gateway.create_order(ticket), timeout=10)
    return name


def adopt(case, bot, people):
    olga, rita = people
    request = request_adoption(
        actor=actor(olga), user=olga, case_id=case.id, bot_id=bot.id, reason="restored"
    )
    assert approve(rita, request).state == "applied"


def test_our_own_later_orders_are_told_from_foreign_ones_and_adopted(simulator, opened):
    account = opened(simulator.account("restored"), slug="restored")
    instrument = Instrument.objects.get(symbol=SYMBOL)
    make_quote(instrument, last=50_000)
    bot = make_bot(account=account, instruments=[instrument])
    other = make_bot(account=account, slug="other", instruments=[instrument])
    compare(account)
    cycle = sent(
        bot, amount=D("0.1"), worst_price=D(60000), leg=f"{SYMBOL}:entry",
        scheduled=from_ms(START_MS).isoformat(), purpose="entry",
    )  # fmt: skip
    manual = sent(bot, amount=D("0.2"), scheduled="request-of-a-person")
    simulator.control(
        "POST", "faults",
        {"kind": "foreign_fill", "account": "restored", "symbol": SYMBOL, "side": "BUY", "amount": "0.3"},
    )  # fmt: skip

    reconcile_orders(account_id=account.id)

    lost = {case.subject: case for case in Case.objects.filter(kind="lost_order")}
    assert lost.keys() == {cycle, manual}
    assert lost[cycle].venue["bot"] == bot.slug
    assert lost[cycle].proposed_fix["after"]["books"] == f"an order of bot {bot.slug}"
    assert any("is the hash of BTC/USDT:entry" in row["what"] for row in lost[cycle].evidence)
    assert lost[manual].venue["bot"] == ""
    foreign = Case.objects.get(kind="foreign_fill")
    assert foreign.venue["client_order_id"].startswith("web_")
    assert D(foreign.venue["amount"]) == D("0.3")
    # the daily pass finds the same ones, not a second time
    reconcile_history(account_id=account.id)
    assert Case.objects.exclude(kind__in=["lost_order", "foreign_fill"]).count() == 0
    assert Case.objects.count() == 3

    people = person("olga", "operator"), person("rita", "risk_manager")
    with pytest.raises(Conflict, match="ORDER_OF_OTHER_BOT"):
        adopt(lost[cycle], other, people)
    adopt(lost[cycle], bot, people)
    adopt(lost[manual], other, people)
    adopt(foreign, other, people)
    proven = Order.objects.get(client_order_id=cycle)
    # the row is what its id hashes: I17 holds for it as for one that was never lost
    assert (proven.bot_id, proven.type, proven.worst_price) == (bot.id, "market", 60000)
    assert Position.objects.get(bot=bot).amount == D("0.0999")
    assert Position.objects.get(bot=other).amount == D("0.4995")
    assert broken_invariants() == {}
    compare(account)
    assert open_kinds() == set()


def stranger(number: int, name: str) -> OrderReport:
    return OrderReport(
        client_order_id=name, venue_order_id=f"x{number}", symbol=SYMBOL, status="closed",
        side="sell", type="market", amount=D(1), filled=D(1), cost=D(100), price=None,
        stop_price=None, at_ms=1,
    )  # fmt: skip


def test_orders_are_asked_for_once_and_a_bounded_number_in_a_pass(bot, venue, monkeypatch):
    monkeypatch.setattr(tell_strangers, "ASKED_MAX", 2)
    for number in range(3):
        venue.trade(str(number))
        venue.past.append(stranger(number, f"web_{number}"))

    assert not reconcile_orders(account_id=bot.account_id).is_clean
    assert Case.objects.filter(kind="foreign_fill").count() == 2
    reconcile_orders(account_id=bot.account_id)
    reconcile_orders(account_id=bot.account_id)

    assert {case.venue["client_order_id"] for case in Case.objects.all()} == {"web_0", "web_1", "web_2"}  # fmt: skip
    asked = [what for name, what in venue.calls if name == "order_of_fill"]
    assert sorted(asked) == ["x0", "x1", "x2"]
    assert restrictions() == {"FOREIGN_ACTIVITY"}


def test_an_open_order_of_ours_takes_its_fills_with_it(bot, venue):
    name = client_order_id(draft=make_draft(bot), key=settings.DESK_MARK_KEY)
    report = venue.place(name, side="sell", amount=D(2))
    venue.orders[name] = replace(report, filled=D(1))
    venue.trade("5")
    venue.hidden_fills[-1] = replace(venue.hidden_fills[-1], venue_order_id=report.venue_order_id)

    reconcile_orders(account_id=bot.account_id)

    case = Case.objects.get()
    assert (case.kind, case.subject) == ("unknown_order", name)
    assert [fill["venue_trade_id"] for fill in case.venue["fills"]] == ["5"]
