"""Positions that end by force: liquidation when margin is used up, auto-deleverage when asked."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Final

from apps.core.domain.money import ZERO, ceil_to, floor_to
from apps.simulator.domain.ledger import Fill, Ledger
from apps.simulator.domain.orders import Effects, Order, Report
from apps.simulator.domain.perpetual.algos import expire_algo
from apps.simulator.domain.perpetual.books import Position
from apps.simulator.domain.perpetual.contracts import EIGHT, LIQUIDATION_FEE
from apps.simulator.domain.perpetual.margin import maintenance, mark_of, summary
from apps.simulator.domain.perpetual.settlement import Terms, close_order, settle_fill, tell

LIQUIDATED: Final = "autoclose-"
DELEVERAGED: Final = "adl_autoclose"


def liquidate_due(ledger: Ledger, symbol: str, *, now_ms: int) -> Effects:
    """Close by force every position whose margin no longer carries it at the current marks.

    An isolated position falls alone when what is set aside and its profit reach its maintenance
    margin; cross positions fall together, the largest first. `symbol` is the contract whose mark
    moved: only its holders are looked at.
    """
    effects, books = Effects(), ledger.contracts
    holders = sorted({p.account_id for p in books.positions.values() if p.symbol == symbol and p.amount})  # fmt: skip
    for account_id in holders:
        for position in books.positions_of(account_id):
            mine = books.setting(account_id, position.symbol).is_isolated
            if mine and position.symbol == symbol and _isolated_is_over(ledger, position):
                effects.merge(force_close(ledger, position, now_ms=now_ms))
        asset = ledger.instruments[symbol].quote
        margin = summary(ledger, account_id, asset)
        if margin.cross_maintenance > ZERO and (
            margin.cross_wallet + margin.cross_unrealised <= margin.cross_maintenance
        ):
            effects.merge(_close_cross(ledger, account_id, asset, now_ms=now_ms))
    return effects


def force_close(
    ledger: Ledger, position: Position, *, now_ms: int, deleverages: bool = False
) -> Effects:
    """Close a position at its mark price, cancelling the contract's orders of its owner first.

    A liquidation never fills beyond the price at which nothing is left of the margin (the
    insurance fund stands in) and takes its fee only from what is left; a deleveraged position
    pays none.
    """
    effects = Effects()
    _clear(ledger, effects, position, now_ms=now_ms)
    mark, tick = mark_of(ledger, position.symbol), ledger.instruments[position.symbol].tick
    backing = _backing(ledger, position)
    floor = mark - backing / position.amount if position.amount else mark
    is_long = position.amount > ZERO
    price = max(mark, floor) if is_long else min(mark, floor)
    price = ceil_to(price, tick) if is_long else floor_to(price, tick)
    price = max(price, tick)
    amount, side = abs(position.amount), "SELL" if is_long else "BUY"
    after = backing + (price - mark) * position.amount
    fee = ZERO if deleverages else min(amount * price * LIQUIDATION_FEE, max(after, ZERO))
    name = DELEVERAGED if deleverages else f"{LIQUIDATED}{now_ms}{ledger.last_order_id + 1:06d}"
    order = _order(position, side=side, name=name, price=price, now_ms=now_ms)
    order.order_id = ledger.next_order_id()
    ledger.add(order)
    tell(effects, order, "NEW", now_ms)
    trade_id = ledger.next_trade_id(position.symbol)
    fee = fee.quantize(EIGHT, rounding=ROUND_DOWN)
    terms = Terms(trade_id, now_ms, fee, execution="CALCULATED")
    settle_fill(ledger, effects, order, Fill(price, amount), terms=terms)
    return effects


def _close_cross(ledger: Ledger, account_id: int, asset: str, *, now_ms: int) -> Effects:
    effects, books = Effects(), ledger.contracts
    cross = [
        position
        for position in books.positions_of(account_id)
        if ledger.instruments[position.symbol].quote == asset
        and not books.setting(account_id, position.symbol).is_isolated
    ]
    worth = {p.key: abs(p.amount) * mark_of(ledger, p.symbol) for p in cross}
    for position in sorted(cross, key=lambda p: (-worth[p.key], p.key)):
        effects.merge(force_close(ledger, position, now_ms=now_ms))
    return effects


def _isolated_is_over(ledger: Ledger, position: Position) -> bool:
    mark = mark_of(ledger, position.symbol)
    left = position.isolated + position.unrealised(mark)
    return left <= maintenance(ledger, position, mark)


def _backing(ledger: Ledger, position: Position) -> Decimal:
    """Return what would be left at mark: of the isolated margin, or of the whole cross account."""
    if ledger.contracts.setting(position.account_id, position.symbol).is_isolated:
        return position.isolated + position.unrealised(mark_of(ledger, position.symbol))
    margin = summary(ledger, position.account_id, ledger.instruments[position.symbol].quote)
    return margin.cross_wallet + margin.cross_unrealised


def _clear(ledger: Ledger, effects: Effects, position: Position, *, now_ms: int) -> None:
    for order in ledger.orders_of(position.account_id, position.symbol):
        close_order(ledger, effects, order, Report("CANCELED", order, now_ms))
    for algo in ledger.contracts.algos_of(position.account_id, position.symbol):
        expire_algo(ledger, effects, algo, now_ms=now_ms)


def _order(position: Position, *, side: str, name: str, price: Decimal, now_ms: int) -> Order:
    return Order(
        order_id=0,
        account_id=position.account_id,
        symbol=position.symbol,
        client_order_id=name,
        side=side,
        type="LIMIT",
        time_in_force="IOC",
        amount=abs(position.amount),
        price=price,
        stop_price=ZERO,
        cost_asked=ZERO,
        reduce_only=False,
        created_ms=now_ms,
        updated_ms=now_ms,
        working_ms=now_ms,
        position_side=position.side,
        orig_type="LIMIT",
    )
