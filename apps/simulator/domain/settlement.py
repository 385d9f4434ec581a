"""Moving balances: what an order locks, what a fill exchanges. Here contracts part from spot."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal

from apps.core.domain.money import ZERO, floor_to
from apps.simulator.domain.accounts import Account
from apps.simulator.domain.fees import FEE_PLACES, Execution, fee_of, fee_reserve
from apps.simulator.domain.instruments import LINEAR, Instrument
from apps.simulator.domain.ledger import Fill, Ledger
from apps.simulator.domain.orders import Effects, Order, Report, Trade
from apps.simulator.domain.perpetual.settlement import close_order, execute_contract, fillable


def lock_asset(instrument: Instrument, side: str) -> str:
    """Return the asset an order of `side` gives away."""
    return instrument.quote if side == "BUY" else instrument.base


def lock_due(order: Order, account: Account) -> Decimal:
    """Return what the rest of an order must hold back: base units for sells, cost for buys."""
    if order.side == "SELL":
        return order.remaining
    due = order.remaining * order.lock_price * fee_reserve(account)
    return due.quantize(FEE_PLACES, rounding=ROUND_UP)


def unlock(ledger: Ledger, order: Order) -> None:
    """Give back everything the order holds."""
    account = ledger.accounts[order.account_id]
    balance = account.balance(lock_asset(ledger.instruments[order.symbol], order.side))
    balance.locked -= order.locked
    balance.free += order.locked
    order.locked = ZERO


def lock(ledger: Ledger, order: Order) -> None:
    """Hold back what the rest of the order needs, never more than is free."""
    account = ledger.accounts[order.account_id]
    balance = account.balance(lock_asset(ledger.instruments[order.symbol], order.side))
    order.locked = min(lock_due(order, account), balance.free)
    balance.free -= order.locked
    balance.locked += order.locked


def affordable(ledger: Ledger, order: Order, *, price: Decimal, amount: Decimal) -> Decimal:
    """Return how much of `amount` the account can pay for at `price`, unlocked funds included."""
    instrument, account = ledger.instruments[order.symbol], ledger.accounts[order.account_id]
    if instrument.kind == LINEAR:
        return fillable(ledger, order, amount=amount)
    free = account.balance(lock_asset(instrument, order.side)).free + order.locked
    if order.side == "SELL":
        return min(amount, floor_to(free, instrument.step))
    return min(amount, floor_to(free / (price * fee_reserve(account)), instrument.step))


def close(ledger: Ledger, effects: Effects, order: Order, report: Report) -> None:
    """End an order with `report.execution` as its status and give back what it held."""
    if ledger.instruments[order.symbol].kind == LINEAR:
        close_order(ledger, effects, order, report)
        return
    unlock(ledger, order)
    order.status = report.execution
    order.updated_ms = report.at_ms
    ledger.drop(order)
    ledger.tell(effects, order, report)


def execute(
    ledger: Ledger, effects: Effects, order: Order, fill: Fill, *, trade_id: int, at_ms: int
) -> Trade:
    """Fill `order` once: exchange the assets, take the fee, lock the rest again, report it.

    The order pays from what it holds; `fill.maker is order` marks the resting side.
    """
    instrument, account = ledger.instruments[order.symbol], ledger.accounts[order.account_id]
    if instrument.kind == LINEAR:
        return execute_contract(ledger, effects, order, fill, trade_id=trade_id, at_ms=at_ms)
    unlock(ledger, order)
    execution = Execution(order.side, fill.price, fill.amount, is_maker=fill.maker is order)
    cost = fill.price * fill.amount
    base, quote = account.balance(instrument.base), account.balance(instrument.quote)
    sign = 1 if order.side == "BUY" else -1
    base.free += sign * fill.amount
    quote.free -= sign * cost
    fee = fee_of(account, instrument, execution, fee_asset_price=_fee_price(ledger, order))
    account.balance(fee.asset).free -= fee.amount
    order.filled += fill.amount
    order.cost += cost
    order.updated_ms = at_ms
    done = order.filled >= order.amount
    order.status = "FILLED" if done else "PARTIALLY_FILLED"
    if done:
        ledger.drop(order)
    elif order.has_limit:
        lock(ledger, order)
    trade = Trade(
        trade_id=trade_id,
        order_id=order.order_id,
        account_id=order.account_id,
        symbol=order.symbol,
        side=order.side,
        price=fill.price,
        amount=fill.amount,
        cost=cost,
        fee=fee.amount,
        fee_asset=fee.asset,
        is_maker=execution.is_maker,
        at_ms=at_ms,
    )
    effects.trades.append(trade)
    ledger.tell(effects, order, Report("TRADE", order, at_ms, trade=trade))
    return trade


def _fee_price(ledger: Ledger, order: Order) -> Decimal | None:
    account, instrument = ledger.accounts[order.account_id], ledger.instruments[order.symbol]
    if account.fees.mode != "asset":
        return None
    if account.fees.asset == instrument.quote:
        return Decimal(1)
    market = ledger.liquidity.get(account.fees.asset + instrument.quote)
    return market.last if market else None
