"""What a candle or a tick does to perpetuals: conditional orders, resting orders, margin, funding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal

from apps.core.domain.money import ZERO
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.liquidity import Candle, CandleLiquidity, LadderLiquidity
from apps.simulator.domain.orders import Effects, Report
from apps.simulator.domain.perpetual.algos import MARK_PRICE, expire_algo, meet, trigger
from apps.simulator.domain.perpetual.books import AlgoOrder, Mark, Position
from apps.simulator.domain.perpetual.contracts import EIGHT
from apps.simulator.domain.perpetual.liquidation import liquidate_due
from apps.simulator.domain.perpetual.margin import liquidation_price
from apps.simulator.domain.perpetual.marks import MarkSource
from apps.simulator.domain.perpetual.settlement import add_income, close_order, tell_account
from apps.simulator.domain.sweep import apply_candle, apply_tick


@dataclass(frozen=True, slots=True)
class Step:
    """From which to which moment (epoch ms) the market moves."""

    opened_ms: int
    closed_ms: int


def apply_contract_candle(
    ledger: Ledger, symbol: str, candle: Candle, *, source: MarkSource, step: Step
) -> Effects:
    """Let one closed candle meet a contract, in the order that is worst for its holders.

    Funding inside the candle first, then margin at its open, conditional orders, resting orders,
    margin at the worst marks, and funding at the close. A stop that lies beyond the price at which
    its position is liquidated comes too late.
    """
    effects = fund_due(ledger, symbol, source=source, step=replace(step, closed_ms=step.closed_ms - 1))  # fmt: skip
    now_ms, marks = step.closed_ms, source.candle(candle)
    market = CandleLiquidity(ledger.instruments[symbol], candle.close, candle.volume)
    ledger.liquidity[symbol] = market
    effects.merge(_end_overdue(ledger, symbol, now_ms=now_ms))
    effects.merge(_margin_at(ledger, symbol, marks.open, now_ms=now_ms))
    for algo in list(ledger.contracts.algo_book(symbol).values()):
        seen = marks if algo.working_type == MARK_PRICE else candle
        before = algo.extreme
        met = meet(algo, first=seen.open, low=seen.low, high=seen.high)
        if algo.extreme != before:
            effects.contracts.algos[algo.algo_id] = algo
        waits = algo.algo_id in ledger.contracts.algo_book(symbol)
        if met is not None and waits and not _comes_too_late(ledger, algo, met, marks):
            price = min(max(met, candle.low), candle.high)
            effects.merge(trigger(ledger, algo, price=price, share=market.share, now_ms=now_ms))
    effects.merge(apply_candle(ledger, symbol, candle, now_ms=now_ms))
    effects.merge(_stress(ledger, symbol, marks, now_ms=now_ms))
    ledger.contracts.marks[symbol] = source.after(candle, now_ms)
    effects.merge(liquidate_due(ledger, symbol, now_ms=now_ms))
    last = Step(step.closed_ms - 1, step.closed_ms)
    effects.merge(fund_due(ledger, symbol, source=source, step=last))
    return effects


def apply_contract_tick(
    ledger: Ledger, symbol: str, market: LadderLiquidity, *, source: MarkSource, now_ms: int
) -> Effects:
    """Let a new ladder meet a contract: resting and conditional orders, then margin at the mark."""
    books = ledger.contracts
    effects = apply_tick(ledger, symbol, market, now_ms=now_ms)
    books.marks[symbol] = mark = source.mark(market.last, now_ms)
    effects.merge(_end_overdue(ledger, symbol, now_ms=now_ms))
    for algo in list(books.algo_book(symbol).values()):
        seen = mark.price if algo.working_type == MARK_PRICE else market.last
        before = algo.extreme
        met = meet(algo, first=seen, low=seen, high=seen)
        if algo.extreme != before:
            effects.contracts.algos[algo.algo_id] = algo
        if met is not None and algo.algo_id in books.algo_book(symbol):
            effects.merge(trigger(ledger, algo, price=met, share=None, now_ms=now_ms))
    effects.merge(liquidate_due(ledger, symbol, now_ms=now_ms))
    return effects


def fund_due(ledger: Ledger, symbol: str, *, source: MarkSource, step: Step) -> Effects:
    """Charge every funding that falls into the step: longs pay a positive rate, shorts get it.

    amount x mark x rate, cut at eight places; at the mark the ledger holds now.
    """
    effects, books = Effects(), ledger.contracts
    for at_ms in source.due(step.opened_ms, step.closed_ms):
        rate, mark = source.rate(at_ms), books.marks.get(symbol)
        if mark is None:
            continue
        held = [p for p in books.positions.values() if p.symbol == symbol and p.amount]
        for position in sorted(held, key=lambda p: p.key):
            paid = -(position.amount * mark.price * rate)
            paid = paid.quantize(EIGHT, rounding=ROUND_DOWN)
            books.wallet(position.account_id, ledger.instruments[symbol].quote).funding += paid
            if books.setting(position.account_id, symbol).is_isolated:
                position.isolated += paid
            add_income(ledger, effects, position=position, kind="FUNDING_FEE", amount=paid, at_ms=at_ms)  # fmt: skip
            tell_account(ledger, effects, position, reason="FUNDING_FEE", at_ms=at_ms)
    return effects


def _stress(ledger: Ledger, symbol: str, marks: Candle, *, now_ms: int) -> Effects:
    """Check margin at the lowest and at the highest mark of the candle.

    A position falls at its liquidation price, or at the open where the candle opened beyond it.
    """
    effects, books = Effects(), ledger.contracts
    for is_long, worst in ((True, marks.low), (False, marks.high)):
        held = [p for p in books.positions.values() if p.symbol == symbol and p.amount]
        for position in sorted(held, key=lambda p: p.key):
            if position.amount and (position.amount > ZERO) == is_long:
                for price in (_falls_at(ledger, position, marks, worst), worst):
                    effects.merge(_margin_at(ledger, symbol, price, now_ms=now_ms))
    return effects


def _margin_at(ledger: Ledger, symbol: str, price: Decimal, *, now_ms: int) -> Effects:
    """Liquidate what a mark of `price` would liquidate, and put the mark back."""
    marks = ledger.contracts.marks
    before = marks.get(symbol)
    marks[symbol] = replace(before or Mark(price, price, ZERO, 0), price=price)
    effects = liquidate_due(ledger, symbol, now_ms=now_ms)
    if before is not None:
        marks[symbol] = before
    return effects


def _comes_too_late(ledger: Ledger, algo: AlgoOrder, met: Decimal, marks: Candle) -> bool:
    """Return whether its position is liquidated before the price reaches `met`."""
    side = algo.position_side
    position = ledger.contracts.positions.get((algo.account_id, algo.symbol, side))
    if position is None or not position.closable_by(algo.side):
        return False
    edge = liquidation_price(ledger, position)
    if position.amount > ZERO:
        return met < edge and marks.low <= edge
    return ZERO < edge < met and marks.high >= edge


def _falls_at(ledger: Ledger, position: Position, marks: Candle, worst: Decimal) -> Decimal:
    edge = liquidation_price(ledger, position)
    if position.amount > ZERO:
        return max(worst, min(edge - EIGHT, marks.open))
    return min(worst, max(edge + EIGHT, marks.open)) if edge else worst


def _end_overdue(ledger: Ledger, symbol: str, *, now_ms: int) -> Effects:
    effects = Effects()
    for order in list(ledger.book(symbol).values()):
        if 0 < order.good_till_ms <= now_ms:
            close_order(ledger, effects, order, Report("EXPIRED", order, now_ms))
    for algo in list(ledger.contracts.algo_book(symbol).values()):
        if 0 < algo.good_till_ms <= now_ms:
            expire_algo(ledger, effects, algo, now_ms=now_ms)
    return effects
