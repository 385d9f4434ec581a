"""Exits against the running exchange: a native pair, a trailing stop, the slippage guard."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.core.domain.money import floor_to
from apps.marketdata.models import Instrument
from apps.orders.actions.send_cancels import send_cancels
from apps.orders.models import Order, OrderGroup
from apps.trading.actions.protect_positions import protect_positions
from apps.trading.actions.tend_orders import tend_orders
from apps.venues import gateways
from apps.venues.gateways.loop import call
from apps.venues.queries import credentials
from tests.factories import make_bot
from tests.orders.test_over_http import (
    account,
    assert_books_equal_the_exchange,
    record,
    simulator,
    simulators,
    work,
)

__all__ = ["account", "simulator", "simulators"]
pytestmark = pytest.mark.django_db(transaction=True)


def turn(account_id: object, times: int = 3) -> None:
    for _ in range(times):
        work(account_id)
        send_cancels(account_id=account_id)
        work(account_id)
        tend_orders(account_id=account_id)
        protect_positions(account_id=account_id)
    work(account_id)


def holder(account, **protection: str):
    return make_bot(
        account=account,
        instruments=[Instrument.objects.get(symbol="BTC/USDT")],
        config={"protection": {"stop_loss": "0.05"} | protection},
    )


def test_a_pair_of_exits_is_one_list_at_the_exchange_and_goes_with_an_exit(account) -> None:
    bot = holder(account, take_profit="0.1")
    record(bot, amount=Decimal("0.02"))
    turn(account.id)
    stop, target = Order.objects.filter(purpose="protect").order_by("id")
    assert (stop.type, stop.status, target.type, target.status) == (
        "stop_market", "open", "limit", "open",
    )  # fmt: skip
    assert OrderGroup.objects.get().is_native
    held = stop.amount
    leave = record(bot, purpose="reduce", side="sell", amount=held, replaces_id=stop.id, leg="exit")
    turn(account.id)
    ended = Order.objects.filter(purpose="protect").values_list("status", flat=True)
    assert set(ended) <= {"canceled", "expired"}
    assert Order.objects.get(id=leave.id).status == "filled"
    assert OrderGroup.objects.get().state == "canceled"
    assert_books_equal_the_exchange(account)


def test_a_trailing_stop_rests_at_the_exchange(account) -> None:
    bot = holder(account, trailing_stop="0.02")
    record(bot, amount=Decimal("0.02"))
    turn(account.id)
    stop = Order.objects.get(purpose="protect")
    assert (stop.type, stop.trailing_rate, stop.status) == (
        "trailing_stop_market", Decimal("0.02"), "open",
    )  # fmt: skip
    assert_books_equal_the_exchange(account)


def test_a_market_order_beyond_its_guard_ends_unfilled_and_says_so(account) -> None:
    bot = holder(account)
    tick = Instrument.objects.get(symbol="BTC/USDT").price_tick
    gateway = gateways.gateway(credentials(account_id=account.id))
    [quote] = call(gateway.quotes(["BTC/USDT"]), timeout=10)
    below = floor_to(quote.last * Decimal("0.98"), tick)
    order = record(bot, amount=Decimal("0.02"), worst_price=below)
    turn(account.id, 1)
    found = Order.objects.get(id=order.id)
    assert (found.filled, found.status, found.status_reason) == (0, "expired", "SLIPPAGE_GUARD")
    assert_books_equal_the_exchange(account)
