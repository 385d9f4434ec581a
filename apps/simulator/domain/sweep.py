"""What a price move does to orders that wait: stops trigger, resting limits fill."""

from __future__ import annotations

from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.simulator.domain.ledger import Fill, Ledger
from apps.simulator.domain.liquidity import Candle, CandleLiquidity, LadderLiquidity, beyond
from apps.simulator.domain.matching import by_priority, expire_rest, plan, run
from apps.simulator.domain.order_lists import end_siblings, settle_lists
from apps.simulator.domain.orders import Effects, Order, Report
from apps.simulator.domain.settlement import affordable, execute
from apps.simulator.domain.trailing import candle_path, follow


def apply_candle(ledger: Ledger, symbol: str, candle: Candle, *, now_ms: int) -> Effects:
    """Let one closed candle meet the waiting orders; each fill depends on order and candle only.

    Stops come first (the worse case), oldest first; a gap over the stop price fills at the open.
    Limits whose price lies within high and low fill at that price, up to the volume share.
    """
    effects = Effects()
    market = CandleLiquidity(ledger.instrument(symbol), candle.close, candle.volume)
    stops, limits = _waiting(ledger, symbol)
    ledger.liquidity[symbol] = market
    for order in stops:
        price = _met(effects, order, candle, tick=market.instrument.tick, now_ms=now_ms)
        if price is not None and order.is_open:
            fills = [Fill(price, min(order.remaining, market.share))]
            _trigger(ledger, effects, order, fills, now_ms=now_ms)
    for order in (limit for limit in limits if limit.is_open):
        inside = candle.low <= order.price if order.side == "BUY" else candle.high >= order.price
        if inside:
            _fill_resting(ledger, effects, order, amount=market.share, now_ms=now_ms)
    settle_lists(ledger, effects, at_ms=now_ms)
    return effects


def apply_tick(ledger: Ledger, symbol: str, market: LadderLiquidity, *, now_ms: int) -> Effects:
    """Let a new ladder meet the waiting orders, in price-time priority, sharing its levels."""
    effects = Effects()
    stops, limits = _waiting(ledger, symbol)
    ledger.liquidity[symbol] = market
    for order in limits:
        for price, size in market.take(order.side, order.remaining, order.price):
            _fill_resting(ledger, effects, order, amount=size, now_ms=now_ms)
            market.consume(order.side, price, size)
    tick = ledger.instrument(symbol).tick
    still = Candle(now_ms, market.last, market.last, market.last, market.last, ZERO)
    for order in (stop for stop in stops if stop.is_open):
        if _met(effects, order, still, tick=tick, now_ms=now_ms) is not None:
            limit = order.price if order.has_limit else None
            fills = plan(ledger, order, amount=order.remaining, limit=limit)
            _trigger(ledger, effects, order, fills, now_ms=now_ms)
    settle_lists(ledger, effects, at_ms=now_ms)
    return effects


def _waiting(ledger: Ledger, symbol: str) -> tuple[list[Order], list[Order]]:
    orders = list(ledger.book(symbol).values())
    working = [order for order in orders if order.is_working]
    buys = by_priority([order for order in working if order.side == "BUY"])
    sells = by_priority([order for order in working if order.side == "SELL"])
    return [order for order in orders if order.is_waiting_stop], buys + sells


def _met(
    effects: Effects, order: Order, candle: Candle, *, tick: Decimal, now_ms: int
) -> Decimal | None:
    """Return the price at which a stop triggers within a candle; a gap triggers at the open."""
    if order.is_trailing:
        before = order.trailing_best
        price = follow(order, candle_path(order, candle), tick=tick, now_ms=now_ms)
        if order.trailing_best != before:
            effects.orders[order.order_id] = order
        return price
    if order.triggers_on_rise:
        return max(order.stop_price, candle.open) if candle.high >= order.stop_price else None
    return min(order.stop_price, candle.open) if candle.low <= order.stop_price else None


def _trigger(
    ledger: Ledger, effects: Effects, order: Order, fills: list[Fill], *, now_ms: int
) -> None:
    """Put a stop to work: take what `fills` offer within its limit, then rest or expire."""
    end_siblings(ledger, effects, order, at_ms=now_ms)
    order.working_ms = order.updated_ms = now_ms
    if order.has_limit:
        fills = [fill for fill in fills if not beyond(order.side, fill.price, order.price)]
        ledger.tell(effects, order, Report("NEW", order, now_ms))
    met = [fill for fill in fills if fill.amount > ZERO]
    run(ledger, effects, order, met, at_ms=now_ms)
    if not order.has_limit or order.time_in_force in {"IOC", "FOK"}:
        expire_rest(ledger, effects, order, at_ms=now_ms)


def _fill_resting(
    ledger: Ledger, effects: Effects, order: Order, *, amount: Decimal, now_ms: int
) -> None:
    wanted = min(order.remaining, amount)
    if wanted <= ZERO:
        return
    end_siblings(ledger, effects, order, at_ms=now_ms)
    met = affordable(ledger, order, price=order.price, amount=wanted)
    if met > ZERO:
        trade_id = ledger.next_trade_id(order.symbol)
        fill = Fill(order.price, met, order)
        execute(ledger, effects, order, fill, trade_id=trade_id, at_ms=now_ms)
