"""What a fill of a perpetual does: the position moves, profit and fee reach the futures wallet."""

from __future__ import annotations

from copy import copy
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from apps.core.domain.money import ZERO
from apps.simulator.domain.ledger import Fill, Ledger
from apps.simulator.domain.orders import Effects, Order, Report, Trade
from apps.simulator.domain.perpetual.books import ALGO_FINISHED, Position
from apps.simulator.domain.perpetual.contracts import EIGHT, ONE_WAY
from apps.simulator.domain.perpetual.effects import AccountEvent, Income, OrderEvent
from apps.simulator.domain.perpetual.margin import mark_of


def position_of(ledger: Ledger, order: Order) -> Position:
    """Return the position that an order trades."""
    side = order.position_side or ONE_WAY
    return ledger.contracts.position(order.account_id, order.symbol, side)


def reduces(order: Order) -> bool:
    """Return whether an order may only make its position smaller."""
    hedged = (order.position_side, order.side) in {("LONG", "SELL"), ("SHORT", "BUY")}
    return order.reduce_only or hedged


def fillable(ledger: Ledger, order: Order, *, amount: Decimal) -> Decimal:
    """Return how much of `amount` the order may fill: margin was judged when it was placed."""
    if not order.is_open:
        return ZERO
    if not reduces(order):
        return amount
    return min(amount, position_of(ledger, order).closable_by(order.side))


def close_order(ledger: Ledger, effects: Effects, order: Order, report: Report) -> None:
    """End an order with `report.execution` as its status."""
    order.status = report.execution
    order.updated_ms = report.at_ms
    ledger.drop(order)
    tell(effects, order, report.execution, report.at_ms)
    finish_algo(ledger, effects, order, at_ms=report.at_ms)


def tell(
    effects: Effects, order: Order, execution: str, at_ms: int, trade: Trade | None = None
) -> None:
    """Note a step of `order`, frozen as it is now."""
    effects.orders[order.order_id] = order
    event = OrderEvent(order.account_id, execution, copy(order), at_ms, trade)
    effects.contracts.events.append(event)


def finish_algo(ledger: Ledger, effects: Effects, order: Order, *, at_ms: int) -> None:
    """Finish the conditional order that sent an order which has now ended."""
    algo = None if order.is_open else ledger.contracts.sent.pop(order.order_id, None)
    if algo is not None:
        algo.status = ALGO_FINISHED
        effects.contracts.note_algo(algo, at_ms, sent=order)


def execute_contract(
    ledger: Ledger, effects: Effects, order: Order, fill: Fill, *, trade_id: int, at_ms: int
) -> Trade:
    """Fill `order` once at its account's rates; `fill.maker is order` marks the resting side."""
    mode = ledger.contracts.mode(order.account_id)
    rate = mode.maker if fill.maker is order else mode.taker
    fee = (fill.price * fill.amount * rate).quantize(EIGHT, rounding=ROUND_DOWN)
    return settle_fill(
        ledger, effects, order, fill, terms=Terms(trade_id, at_ms, fee, execution="TRADE")
    )


class Terms:
    """Number, time (epoch ms), fee (quote units) and kind of one execution."""

    __slots__ = ("at_ms", "execution", "fee", "trade_id")

    def __init__(self, trade_id: int, at_ms: int, fee: Decimal, *, execution: str) -> None:
        self.trade_id = trade_id
        self.at_ms = at_ms
        self.fee = fee
        self.execution = execution


def settle_fill(
    ledger: Ledger, effects: Effects, order: Order, fill: Fill, *, terms: Terms
) -> Trade:
    """Move the position, book profit and fee, tell the owner; end orders that have nothing left to reduce."""
    instrument, position = ledger.instruments[order.symbol], position_of(ledger, order)
    before, signed = position.amount, fill.amount if order.side == "BUY" else -fill.amount
    realised = position.trade(signed, fill.price)
    position.updated_ms = terms.at_ms
    _set_aside(ledger, position, before=before, price=fill.price)
    order.filled += fill.amount
    order.cost += fill.price * fill.amount
    order.updated_ms = terms.at_ms
    order.status = "FILLED" if order.filled >= order.amount else "PARTIALLY_FILLED"
    if not order.is_open:
        ledger.drop(order)
    trade = Trade(
        trade_id=terms.trade_id,
        order_id=order.order_id,
        account_id=order.account_id,
        symbol=order.symbol,
        side=order.side,
        price=fill.price,
        amount=fill.amount,
        cost=fill.price * fill.amount,
        fee=terms.fee,
        fee_asset=instrument.quote,
        is_maker=fill.maker is order,
        at_ms=terms.at_ms,
        position_side=position.side,
        realised=realised,
    )
    effects.trades.append(trade)
    _book(ledger, effects, trade)
    tell_account(ledger, effects, position, reason="ORDER", at_ms=terms.at_ms)
    tell(effects, order, terms.execution, terms.at_ms, trade)
    finish_algo(ledger, effects, order, at_ms=terms.at_ms)
    if before and position.amount * before <= ZERO:
        _end_reductions(ledger, effects, position, at_ms=terms.at_ms)
    return trade


def tell_account(
    ledger: Ledger,
    effects: Effects,
    position: Position | None,
    *,
    reason: str,
    at_ms: int,
    change: tuple[int, str, Decimal] | None = None,
) -> None:
    """Note wallet and position as they are now; `change` is (account, asset, amount) of a transfer."""
    books = ledger.contracts
    shown: tuple[tuple[Position, Decimal, bool], ...] = ()
    if position is not None:
        quote = ledger.instruments[position.symbol].quote
        change = change or (position.account_id, quote, ZERO)
        is_isolated = books.setting(position.account_id, position.symbol).is_isolated
        profit = position.unrealised(mark_of(ledger, position.symbol))
        shown = ((copy(position), profit, is_isolated),)
        effects.contracts.positions.add(position.key)
    if change is None:
        return
    account_id, asset, amount = change
    balance = books.wallet(account_id, asset).balance
    aside = sum((p.isolated for p in books.positions_of(account_id)), ZERO)
    effects.contracts.wallets.add((account_id, asset))
    wallet = (asset, balance, balance - aside, amount)
    effects.contracts.events.append(AccountEvent(account_id, reason, at_ms, wallet, shown))


def add_income(
    ledger: Ledger, effects: Effects, *, position: Position, kind: str, amount: Decimal, at_ms: int
) -> None:
    """Note a flow of the wallet that is no fill, in quote units."""
    effects.contracts.incomes.append(
        Income(
            income_id=ledger.contracts.next_income_id(),
            account_id=position.account_id,
            symbol=position.symbol,
            kind=kind,
            amount=amount,
            asset=ledger.instruments[position.symbol].quote,
            at_ms=at_ms,
        )
    )


def _set_aside(ledger: Ledger, position: Position, *, before: Decimal, price: Decimal) -> None:
    """Move isolated margin with the position: in with what opens, out with the share that closes."""
    setting = ledger.contracts.setting(position.account_id, position.symbol)
    if not setting.is_isolated:
        position.isolated = ZERO
        return
    opened = abs(position.amount) - abs(before)
    if position.amount * before < ZERO or not position.amount:
        position.isolated, opened = ZERO, abs(position.amount)
    if opened > ZERO:
        due = opened * price / setting.leverage
        position.isolated += due.quantize(EIGHT, rounding=ROUND_HALF_EVEN)
    elif opened < ZERO:
        kept = position.isolated * abs(position.amount) / abs(before)
        position.isolated = kept.quantize(EIGHT, rounding=ROUND_HALF_EVEN)


def _book(ledger: Ledger, effects: Effects, trade: Trade) -> None:
    books = ledger.contracts
    wallet = books.wallet(trade.account_id, trade.fee_asset)
    wallet.realised += trade.realised
    wallet.fees += trade.fee
    for kind, amount in (("COMMISSION", -trade.fee), ("REALIZED_PNL", trade.realised)):
        if amount:
            effects.contracts.incomes.append(
                Income(
                    income_id=books.next_income_id(),
                    account_id=trade.account_id,
                    symbol=trade.symbol,
                    kind=kind,
                    amount=amount,
                    asset=trade.fee_asset,
                    at_ms=trade.at_ms,
                    trade_id=trade.trade_id,
                )
            )


def _end_reductions(ledger: Ledger, effects: Effects, position: Position, *, at_ms: int) -> None:
    """Expire the open orders that could only have reduced a position that is gone."""
    for order in ledger.orders_of(position.account_id, position.symbol):
        mine = (order.position_side or ONE_WAY) == position.side
        if mine and reduces(order) and not position.closable_by(order.side):
            close_order(ledger, effects, order, Report("EXPIRED", order, at_ms))
