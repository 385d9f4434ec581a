"""Who trades with whom: price first, then time, resting orders before synthetic levels."""

from __future__ import annotations

from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.simulator.domain.ledger import Fill, Ledger
from apps.simulator.domain.liquidity import CandleLiquidity, beyond
from apps.simulator.domain.order_lists import end_siblings
from apps.simulator.domain.orders import Effects, Order, Report, Trade
from apps.simulator.domain.settlement import affordable, close, execute


def by_priority(orders: list[Order]) -> list[Order]:
    """Return orders of one side in price-time priority: best price first, then the oldest."""
    return sorted(
        orders,
        key=lambda order: (-order.price if order.side == "BUY" else order.price, order.order_id),
    )


def plan(ledger: Ledger, taker: Order, *, amount: Decimal, limit: Decimal | None) -> list[Fill]:
    """Return the fills that `amount` base units of `taker` would get now; changes nothing.

    On candles only the candle counts; on a ladder other accounts' resting orders compete.
    """
    market = ledger.market(taker.symbol)
    synthetic = [Fill(price, size) for price, size in market.take(taker.side, amount, limit)]
    if isinstance(market, CandleLiquidity):
        return synthetic
    resting = [
        Fill(order.price, order.remaining, order)
        for order in by_priority(_opposite(ledger, taker))
        if limit is None or not beyond(taker.side, order.price, limit)
    ]
    worse = -1 if taker.side == "SELL" else 1
    merged = sorted(resting + synthetic, key=lambda fill: (fill.price * worse, fill.maker is None))
    fills: list[Fill] = []
    for fill in merged:
        if amount <= ZERO:
            break
        size = min(fill.amount, amount)
        fills.append(Fill(fill.price, size, fill.maker))
        amount -= size
    return fills


def run(
    ledger: Ledger, effects: Effects, taker: Order, fills: list[Fill], *, at_ms: int
) -> list[Trade]:
    """Execute planned fills of `taker`, each with its resting counterpart, if it has one."""
    trades: list[Trade] = []
    market = ledger.market(taker.symbol)
    for fill in fills:
        amount = affordable(ledger, taker, price=fill.price, amount=fill.amount)
        if amount <= ZERO:
            break
        if fill.maker is not None:
            amount = affordable(ledger, fill.maker, price=fill.price, amount=amount)
            if amount <= ZERO:  # an earlier fill left it nothing to reduce
                continue
        met = Fill(fill.price, amount, fill.maker)
        if fill.maker is not None:
            end_siblings(ledger, effects, fill.maker, at_ms=at_ms)
        trade_id = ledger.next_trade_id(taker.symbol)
        trades.append(execute(ledger, effects, taker, met, trade_id=trade_id, at_ms=at_ms))
        if fill.maker is None:
            market.consume(taker.side, fill.price, amount)
        else:
            execute(ledger, effects, fill.maker, met, trade_id=trade_id, at_ms=at_ms)
    return trades


def expire_rest(ledger: Ledger, effects: Effects, order: Order, *, at_ms: int) -> None:
    """End what is left of an order that may not rest."""
    if order.is_open:
        close(ledger, effects, order, Report("EXPIRED", order, at_ms))


def _opposite(ledger: Ledger, taker: Order) -> list[Order]:
    return [
        order
        for order in ledger.book(taker.symbol).values()
        if order.side != taker.side and order.is_working and order.account_id != taker.account_id
    ]
