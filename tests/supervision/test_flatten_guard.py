"""A flatten takes the wide slippage guard, which never keeps a position from leaving."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from apps.core.actor import Actor
from apps.core.clock import now
from apps.marketdata.models import Quote
from apps.orders.models import Order
from apps.portfolio.models import Position
from apps.risk.actions.halt import halt
from apps.risk.models import Verdict
from apps.supervision.actions.run_halts import run_halts
from apps.supervision.models import HaltRun
from tests.factories import make_bot, make_quote

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal


@pytest.fixture
def holding(account, instrument, trade, venue):
    """A bot that holds 1 and guards its entries with 50 basis points: a flatten with 500."""
    bot = make_bot(
        account=account, instruments=[instrument], config={"execution": {"slippage_bps": "50"}}
    )
    trade(bot)
    make_quote(instrument, last=100)
    return bot


def flatten(times: int) -> list[tuple[Decimal | None, str]]:
    halt(
        actor=Actor(kind="person", id="1", name="Rita"), scope_kind="desk", scope_id="",
        reason="test", flatten=True,
    )  # fmt: skip
    for _ in range(times):
        HaltRun.objects.update(next_try_at=None)
        run_halts()
    made = Order.objects.filter(purpose="flatten").order_by("decided_at")
    return list(made.values_list("worst_price", "status"))


def test_it_carries_ten_times_the_bot_s_own_distance(holding) -> None:
    assert flatten(3) == [(D(95), "filled")]
    order = Order.objects.get(purpose="flatten")
    assert (order.type, order.arrival_price) == ("market", D(100))
    assert Verdict.objects.get(order=order).proposal["worst_price"] == "95"
    assert Position.objects.get().amount == 0


def test_what_three_guarded_orders_could_not_sell_leaves_at_any_price(
    holding, venue, monkeypatch
) -> None:
    whole = venue.accept

    def bounded(ticket):
        report = whole(ticket)
        if ticket.worst_price is None:
            return report
        report = replace(report, status="expired", filled=D(0), fills=())
        venue.orders[ticket.client_order_id] = report
        return report

    monkeypatch.setattr(venue, "accept", bounded)
    found = flatten(6)
    assert [worst for worst, _ in found] == [D(95)] * 3 + [None]
    assert [status for _, status in found][-1] == "filled"
    assert Position.objects.get().amount == 0


def test_an_old_price_bounds_nothing(holding) -> None:
    Quote.objects.update(observed_at=now() - timedelta(minutes=1))
    assert flatten(3) == [(None, "filled")]
