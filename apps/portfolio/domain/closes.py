"""What a venue does to a position by itself: liquidation, auto-deleverage, settlement."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import Final
from uuid import UUID

from apps.core.domain.money import ZERO, floor_to, settle
from apps.orders.domain.rows import FactRow
from apps.portfolio.domain.position import DIGITS

# Client ids under which Binance's engine closes positions; used again and again.
PREFIXES: Final = {
    "autoclose-": "liquidation",
    "adl_autoclose": "deleverage",
    "settlement_autoclose": "settlement",
    "delivery_autoclose": "settlement",
}
# Separates a venue's order id from what tells our rows apart, where it needs more than one.
PART: Final = "#"


@dataclass(frozen=True, slots=True)
class Holder:
    """A bot that holds a perpetual, with what a row of its own needs; `amount` < 0 when short."""

    bot_id: UUID
    config_id: UUID
    stage: str
    instrument_id: int
    symbol: str
    base: str
    quote: str
    settle: str
    amount_step: Decimal
    amount: Decimal

    def less(self, amount: Decimal) -> Holder:
        """Return the holder after `amount` (signed) is taken away."""
        return replace(self, amount=self.amount - amount)


def kind_of_name(client_order_id: str) -> str:
    """Return how the venue closes by an order of this client id; empty when it is none of its own."""
    return next((k for p, k in PREFIXES.items() if client_order_id.startswith(p)), "")


def close_kind(fact: FactRow) -> str:
    """Return how the venue closed a position by this fact; empty when it says no such thing."""
    named = kind_of_name(fact.client_order_id)
    return named or ("liquidation" if fact.content.get("is_liquidation") else "")


def is_perpetual(fact: FactRow) -> bool:
    """Return whether a fact speaks of a perpetual, by ccxt's form of its symbol."""
    return ":" in fact.content["symbol"]


def allocate(
    *, amount: Decimal, holdings: Mapping[UUID, Decimal], step: Decimal
) -> dict[UUID, Decimal]:
    """Return what of `amount` (base units) each holder loses, pro rata, in multiples of `step`.

    `holdings` are what they have left on the closed side, positive; nobody loses more than that.
    """
    whole = sum(holdings.values(), ZERO)
    closed = min(amount, whole)
    if closed <= 0:
        return {}
    with localcontext(prec=DIGITS):
        parts = {
            bot: min(held, floor_to(settle(closed * held / whole), step))
            for bot, held in holdings.items()
        }
    rest = closed - sum(parts.values(), ZERO)
    for bot in sorted(holdings, key=lambda bot: (parts[bot] - holdings[bot], bot)):
        more = min(rest, holdings[bot] - parts[bot])
        parts[bot] += more
        rest -= more
    return {bot: part for bot, part in parts.items() if part}


def divide(*, value: Decimal, parts: Mapping[UUID, Decimal], whole: Decimal) -> dict[UUID, Decimal]:
    """Return `value` (a fee, profit or cost of `whole`) by `parts`, exact to the last digit.

    Where the parts make up the whole, the largest takes what rounding leaves.
    """
    with localcontext(prec=DIGITS):
        found = {bot: settle(value * part / whole) for bot, part in parts.items()}
        if found and sum(parts.values(), ZERO) == whole:
            largest = max(sorted(parts), key=parts.__getitem__)
            found[largest] += value - sum(found.values(), ZERO)
    return found


def own_name(*, account_id: UUID, symbol: str, parts: tuple[object, ...]) -> str:
    """Return the client order id of the row for what the venue closed; `parts` tell it apart."""
    text = "\x1f".join(str(part) for part in (account_id, symbol, *parts))
    return f"venue:{hashlib.sha256(text.encode()).hexdigest()[:30]}"
