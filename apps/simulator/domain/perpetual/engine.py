"""Commands on perpetuals: place, cancel, amend, transfer. They meet in the books spot orders meet in."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Final

from apps.core.domain.money import ZERO, plain
from apps.simulator.domain.accounts import Account
from apps.simulator.domain.instruments import Instrument
from apps.simulator.domain.ledger import Fill, Ledger, Placed
from apps.simulator.domain.matching import expire_rest, plan, run
from apps.simulator.domain.orders import Effects, Order, OrderRequest, Report, Trade
from apps.simulator.domain.perpetual.contracts import (
    EIGHT,
    ONE_WAY,
    ORDERS_MAX,
    PRICE_DOWN,
    PRICE_UP,
    notional_max,
)
from apps.simulator.domain.perpetual.margin import mark_of, order_margin, summary
from apps.simulator.domain.perpetual.refusals import refusal, too_small
from apps.simulator.domain.perpetual.settlement import (
    close_order,
    position_of,
    reduces,
    tell,
    tell_account,
)
from apps.simulator.domain.refusals import Refusal, filter_failure

GOOD_TILL_LEAST_MS: Final = 600_000
GOOD_TILL_MOST_MS: Final = 253_402_300_799_000
IMMEDIATE: Final = frozenset({"IOC", "FOK"})


def place(ledger: Ledger, account: Account, request: OrderRequest, *, now_ms: int) -> Placed:
    """Check, accept and match a new order of a perpetual. Nothing changes when it is refused.

    :raises Refusal: with the code and words Binance USDⓈ-M uses.
    """
    instrument = ledger.instruments[request.symbol]
    order = draft(account, request, now_ms=now_ms)
    check_side(ledger, order.account_id, position_side=order.position_side)
    if order.reduce_only and order.position_side != ONE_WAY:
        raise Refusal(-1106, "Parameter 'reduceonly' sent when not required.")
    _check_filters(ledger, instrument, order)
    _check_room(ledger, order)
    if order.time_in_force == "GTD" and not (
        now_ms + GOOD_TILL_LEAST_MS < order.good_till_ms < GOOD_TILL_MOST_MS
    ):
        raise refusal(-5040)
    amount = _reducible(ledger, order)
    fills = plan(ledger, order, amount=amount, limit=_limit(order))
    _check_immediate(ledger, order, fills, amount=amount)
    _check_margin(ledger, order, _price_at_worst(ledger, order, fills))
    return accept(ledger, order, fills, now_ms=now_ms)


def accept(ledger: Ledger, order: Order, fills: list[Fill], *, now_ms: int) -> Placed:
    """Enter a judged order into the book, execute its fills, end what may not rest."""
    effects = Effects()
    order.order_id = ledger.next_order_id()
    ledger.add(order)
    tell(effects, order, "NEW", now_ms)
    trades = run(ledger, effects, order, fills, at_ms=now_ms)
    if order.type == "MARKET" or order.time_in_force in IMMEDIATE:
        expire_rest(ledger, effects, order, at_ms=now_ms)
    return Placed(order, tuple(trades), effects)


def cancel(ledger: Ledger, account: Account, order: Order | None, *, now_ms: int) -> Effects:
    """Cancel an open order.

    :raises Refusal: -2011 when there is no such open order of the account.
    """
    if order is None or order.account_id != account.account_id or not order.is_open:
        raise refusal(-2011)
    effects = Effects()
    close_order(ledger, effects, order, Report("CANCELED", order, now_ms))
    return effects


def amend(
    ledger: Ledger, order: Order | None, *, amount: Decimal, price: Decimal, now_ms: int
) -> tuple[Effects, list[Trade]]:
    """Give an open limit order another amount (base units) and price (quote units).

    It keeps its id. An amount that is filled already ends it; a post-only order that would now
    take is cancelled; any other takes at once what it can.

    :raises Refusal: -2013, -5025, -5027 and what a new order would be refused for.
    """
    if order is None or not order.is_open:
        raise refusal(-2013)
    if order.type != "LIMIT":
        raise refusal(-5025)
    if (order.amount, order.price) == (amount, price):
        raise refusal(-5027)
    before = order.amount, order.price
    order.amount, order.price = amount, price
    try:
        _check_filters(ledger, ledger.instruments[order.symbol], order)
        _check_margin(ledger, order, price)
    except Refusal:
        order.amount, order.price = before
        raise
    effects = Effects()
    order.updated_ms = now_ms
    fills = plan(ledger, order, amount=max(order.remaining, ZERO), limit=price)
    if order.remaining <= ZERO or (order.time_in_force == "GTX" and fills):
        order.amount = max(order.amount, order.filled)
        close_order(ledger, effects, order, Report("CANCELED", order, now_ms))
        return effects, []
    tell(effects, order, "AMENDMENT", now_ms)
    return effects, run(ledger, effects, order, fills, at_ms=now_ms)


def transfer(
    ledger: Ledger, account: Account, *, asset: str, amount: Decimal, now_ms: int
) -> Effects:
    """Add to (or, when negative, take from) the futures wallet.

    :raises Refusal: -4050 when less is free than is taken.
    """
    effects, books = Effects(), ledger.contracts
    amount = amount.quantize(EIGHT, rounding=ROUND_DOWN)
    wallet = books.wallet(account.account_id, asset)
    if amount < ZERO and summary(ledger, account.account_id, asset).free + amount < ZERO:
        raise refusal(-4050)
    wallet.deposited += amount
    reason = "DEPOSIT" if amount > ZERO else "WITHDRAW"
    change = (account.account_id, asset, amount)
    tell_account(ledger, effects, None, reason=reason, at_ms=now_ms, change=change)
    return effects


def draft(account: Account, request: OrderRequest, *, now_ms: int) -> Order:
    """Return the order that `request` would become, without a number and in no book."""
    return Order(
        order_id=0,
        account_id=account.account_id,
        symbol=request.symbol,
        client_order_id=request.client_order_id,
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        amount=request.amount,
        price=request.price,
        stop_price=request.stop_price,
        cost_asked=ZERO,
        reduce_only=request.reduce_only,
        created_ms=now_ms,
        updated_ms=now_ms,
        working_ms=now_ms,
        position_side=request.position_side or ONE_WAY,
        good_till_ms=request.good_till_ms,
        orig_type=request.orig_type or request.type,
    )


def check_side(ledger: Ledger, account_id: int, *, position_side: str) -> None:
    """Check that a position side fits the account's position mode.

    :raises Refusal: -4061 when it does not.
    """
    if ledger.contracts.mode(account_id).is_hedged != (position_side != ONE_WAY):
        raise refusal(-4061)


def check_amount(instrument: Instrument, amount: Decimal) -> None:
    """Check an amount in base units.

    :raises Refusal: -4003, -4005, -1111.
    """
    if amount <= ZERO:
        raise refusal(-4003)
    if amount > instrument.amount_max:
        raise refusal(-4005)
    if amount % instrument.step:
        raise refusal(-1111)


def check_price(instrument: Instrument, price: Decimal) -> None:
    """Check a price in quote units.

    :raises Refusal: -1013, -1111, -4014.
    """
    if price <= ZERO:
        raise filter_failure("PRICE_FILTER")
    if price % instrument.tick:
        finer = price.normalize().as_tuple().exponent < instrument.tick.normalize().as_tuple().exponent  # type: ignore[operator]  # fmt: skip
        raise refusal(-1111 if finer else -4014)


def _check_filters(ledger: Ledger, instrument: Instrument, order: Order) -> None:
    check_amount(instrument, order.amount)
    mark = mark_of(ledger, order.symbol)
    if order.has_limit:
        check_price(instrument, order.price)
        highest, lowest = mark * PRICE_UP, mark * PRICE_DOWN
        if order.side == "BUY" and order.price > highest:
            raise Refusal(-4016, f"Limit price can't be higher than {plain(highest)}.")
        if order.side == "SELL" and order.price < lowest:
            raise Refusal(-4024, f"Limit price can't be lower than {plain(lowest)}.")
    price = order.price if order.has_limit else mark
    if not reduces(order) and order.amount * price < instrument.cost_min:
        raise too_small(instrument)


def _check_room(ledger: Ledger, order: Order) -> None:
    if (order.account_id, order.symbol, order.client_order_id) in ledger.client_ids:
        raise refusal(-4116)
    if len(ledger.orders_of(order.account_id, order.symbol)) >= ORDERS_MAX:
        raise Refusal(-2025, "Reach max open order limit.")


def _reducible(ledger: Ledger, order: Order) -> Decimal:
    """Return the amount the order may trade: never more than a reduction has to reduce.

    :raises Refusal: -2022 when there is nothing, -4118 when a hedged reduction is too large.
    """
    if not reduces(order):
        return order.amount
    held = position_of(ledger, order).closable_by(order.side)
    if not held:
        raise refusal(-2022)
    return min(order.amount, held)


def _check_immediate(ledger: Ledger, order: Order, fills: list[Fill], *, amount: Decimal) -> None:
    if order.time_in_force == "FOK" and sum((fill.amount for fill in fills), ZERO) < amount:
        raise refusal(-5021)
    if order.time_in_force == "GTX":
        market = ledger.market(order.symbol)
        is_buy = order.side == "BUY"
        if fills or (market.ask <= order.price if is_buy else market.bid >= order.price):
            raise refusal(-5022)


def _check_margin(ledger: Ledger, order: Order, price: Decimal) -> None:
    """Check that the account can carry what the order may open, at `price` quote units.

    :raises Refusal: -2019, -2027.
    """
    if reduces(order):
        return
    instrument, books = ledger.instruments[order.symbol], ledger.contracts
    resting = order.order_id in ledger.book(order.symbol)
    extra = None if resting else (order, price)
    due = order_margin(ledger, order.account_id, order.symbol, extra=extra)
    before = ZERO if resting else order_margin(ledger, order.account_id, order.symbol)
    if due <= before:
        return
    mark, leverage = mark_of(ledger, order.symbol), books.setting(order.account_id, order.symbol).leverage  # fmt: skip
    held = position_of(ledger, order)
    if abs(held.amount) * mark + due * leverage > notional_max(instrument, leverage):
        raise refusal(-2027)
    worse = price - mark if order.side == "BUY" else mark - price
    loss = max(worse, ZERO) * max(order.amount - held.closable_by(order.side), ZERO)
    free = summary(ledger, order.account_id, instrument.quote).free
    if (ZERO if resting else due - before) + loss > free:
        raise refusal(-2019)


def _price_at_worst(ledger: Ledger, order: Order, fills: list[Fill]) -> Decimal:
    if order.has_limit:
        return order.price
    return fills[-1].price if fills else mark_of(ledger, order.symbol)


def _limit(order: Order) -> Decimal | None:
    return order.price if order.has_limit else None
