"""Trailing stops: a trigger that follows the price, the same on every path of prices.

A sell follows the highest price and triggers on a fall by its delta, a buy follows the lowest and
triggers on a rise, for stop losses and take profits alike; they differ in when following starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from apps.core.domain.money import ceil_to, floor_to
from apps.simulator.domain.liquidity import Candle
from apps.simulator.domain.orders import Order


def candle_path(order: Order, candle: Candle) -> tuple[Decimal, ...]:
    """Return the prices of a candle in the order that is worse for a trailing `order`.

    The adverse extreme comes before the favourable one, so that a fill never profits from a move
    whose place inside the candle nobody knows.
    """
    if order.side == "SELL":
        return candle.open, candle.low, candle.high, candle.close
    return candle.open, candle.high, candle.low, candle.close


def follow(order: Order, path: Sequence[Decimal], *, tick: Decimal, now_ms: int) -> Decimal | None:
    """Let a trailing stop see prices; return where it triggers (quote units), None if it does not.

    The first price may come after a gap, so the trigger is that price itself; the others are
    reached continuously, so the trigger is met at its own price, rounded to the worse tick.
    """
    for number, price in enumerate(path):
        if order.trailing_ms < 0 and not _start(order, price, is_gap=number == 0, now_ms=now_ms):
            continue
        trigger = _trigger(order, tick)
        if order.side == "SELL":
            if price <= trigger:
                return price if number == 0 else trigger
            order.trailing_best = max(order.trailing_best, price)
        else:
            if price >= trigger:
                return price if number == 0 else trigger
            order.trailing_best = min(order.trailing_best, price)
    return None


def _start(order: Order, price: Decimal, *, is_gap: bool, now_ms: int) -> bool:
    """Return whether following has started with `price`; from the stop price on, if there is one."""
    if order.stop_price:
        rises = order.triggers_on_rise
        if not (price >= order.stop_price if rises else price <= order.stop_price):
            return False
    order.trailing_best = order.stop_price if order.stop_price and not is_gap else price
    order.trailing_ms = now_ms
    return True


def _trigger(order: Order, tick: Decimal) -> Decimal:
    share = Decimal(order.trailing_delta) / 10_000
    if order.side == "SELL":
        return floor_to(order.trailing_best * (1 - share), tick)
    return ceil_to(order.trailing_best * (1 + share), tick)
