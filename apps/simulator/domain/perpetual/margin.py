"""Margin as Binance counts it in single-asset mode: what is used, what is free, where it ends."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.orders import Order
from apps.simulator.domain.perpetual.books import Position
from apps.simulator.domain.perpetual.contracts import EIGHT, ONE_WAY, bracket_at


@dataclass(frozen=True, slots=True)
class Summary:
    """An account's margin in one asset, in its units."""

    wallet: Decimal
    unrealised: Decimal
    cross_wallet: Decimal
    cross_unrealised: Decimal
    position_margin: Decimal
    cross_position_margin: Decimal
    order_margin: Decimal
    maintenance: Decimal
    cross_maintenance: Decimal

    @property
    def equity(self) -> Decimal:
        """Wallet and unrealised profit."""
        return self.wallet + self.unrealised

    @property
    def free(self) -> Decimal:
        """What new orders may use; negative when more is used than there is."""
        used = self.cross_position_margin + self.order_margin
        return self.cross_wallet + self.cross_unrealised - used

    @property
    def available(self) -> Decimal:
        """What is free, never below zero."""
        return max(self.free, ZERO)


def mark_of(ledger: Ledger, symbol: str) -> Decimal:
    """Return the mark price, the last price while none is known."""
    mark = ledger.contracts.marks.get(symbol)
    return mark.price if mark else ledger.market(symbol).last


def maintenance(ledger: Ledger, position: Position, mark: Decimal) -> Decimal:
    """Return notional x maintenance rate - cum of its bracket, quote units."""
    notional = abs(position.amount) * mark
    bracket = bracket_at(ledger.instruments[position.symbol], notional)
    return notional * bracket.rate - bracket.cum if notional else ZERO


def position_margin(ledger: Ledger, position: Position) -> Decimal:
    """Return notional at mark / leverage, quote units."""
    leverage = ledger.contracts.setting(position.account_id, position.symbol).leverage
    return abs(position.amount) * mark_of(ledger, position.symbol) / leverage


def order_margin(
    ledger: Ledger, account_id: int, symbol: str, *, extra: tuple[Order, Decimal] | None = None
) -> Decimal:
    """Return what the open orders of a contract hold back, with one more order at a price.

    One-way: the larger of the notionals the position could grow to by its buys or by its sells,
    less the present one. Hedged: what opens either side. Reductions and waiting conditional
    orders hold nothing.
    """
    books = ledger.contracts
    asked = [(o, o.price) for o in ledger.orders_of(account_id, symbol)]
    asked += [extra] if extra else []
    if not asked:
        return ZERO
    sums: dict[tuple[str, str], Decimal] = {}
    for order, price in asked:
        if not order.reduce_only:
            key = (order.position_side or ONE_WAY, order.side)
            sums[key] = sums.get(key, ZERO) + order.remaining * price
    position = books.position(account_id, symbol, ONE_WAY)
    held = position.amount * mark_of(ledger, symbol) if position.amount else ZERO
    buys, sells = sums.get((ONE_WAY, "BUY"), ZERO), sums.get((ONE_WAY, "SELL"), ZERO)
    due = max(abs(held + buys), abs(held - sells), abs(held)) - abs(held)
    due += sums.get(("LONG", "BUY"), ZERO) + sums.get(("SHORT", "SELL"), ZERO)
    return due / books.setting(account_id, symbol).leverage


def summary(ledger: Ledger, account_id: int, asset: str) -> Summary:
    """Return the account's margin in `asset` at the current mark prices."""
    books = ledger.contracts
    wallet = books.wallet(account_id, asset).balance
    sums = dict.fromkeys(("up", "cross_up", "pm", "cross_pm", "mm", "cross_mm", "isolated"), ZERO)
    for position in books.positions_of(account_id):
        if ledger.instruments[position.symbol].quote != asset:
            continue
        mark = mark_of(ledger, position.symbol)
        found = {
            "up": position.unrealised(mark),
            "pm": position_margin(ledger, position),
            "mm": maintenance(ledger, position, mark),
        }
        is_isolated = books.setting(account_id, position.symbol).is_isolated
        sums["isolated"] += position.isolated
        for name, value in found.items():
            sums[name] += value
            sums[f"cross_{name}"] += ZERO if is_isolated else value
    symbols = [s for s, i in ledger.instruments.items() if i.kind == "linear" and i.quote == asset]
    return Summary(
        wallet=wallet,
        unrealised=sums["up"],
        cross_wallet=wallet - sums["isolated"],
        cross_unrealised=sums["cross_up"],
        position_margin=sums["pm"],
        cross_position_margin=sums["cross_pm"],
        order_margin=sum((order_margin(ledger, account_id, s) for s in symbols), ZERO),
        maintenance=sums["mm"],
        cross_maintenance=sums["cross_mm"],
    )


def liquidation_price(ledger: Ledger, position: Position) -> Decimal:
    """Return the mark price at which the position is liquidated, zero when it never is.

    Binance's formula (support FAQ "How to calculate liquidation price of USDⓈ-M futures
    contracts", b3c689c1f50a44cabb3a84e663b81d93), with WB the wallet behind the position, TMM and
    UPNL maintenance margin and unrealised profit of the account's other cross positions:
    (WB - TMM + UPNL + cum - side x amount x entry) / (amount x rate - side x amount), summed over
    both sides of a hedged contract.
    """
    books = ledger.contracts
    is_isolated = books.setting(position.account_id, position.symbol).is_isolated
    if is_isolated:
        own, top = [position], position.isolated
    else:
        whole = summary(ledger, position.account_id, ledger.instruments[position.symbol].quote)
        mark = mark_of(ledger, position.symbol)
        own = [p for p in books.positions_of(position.account_id) if p.symbol == position.symbol]
        top = whole.cross_wallet
        top -= whole.cross_maintenance - sum((maintenance(ledger, p, mark) for p in own), ZERO)
        top += whole.cross_unrealised - sum((p.unrealised(mark) for p in own), ZERO)
    bottom = ZERO
    mark = mark_of(ledger, position.symbol)
    for item in own:
        bracket = bracket_at(ledger.instruments[item.symbol], abs(item.amount) * mark)
        top += bracket.cum - item.cost
        bottom += abs(item.amount) * bracket.rate - item.amount
    return max((top / bottom).quantize(EIGHT), ZERO) if bottom else ZERO
