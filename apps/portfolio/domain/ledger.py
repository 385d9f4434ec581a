"""Double-entry lines: every asset that moves in the `venue` book moves back in another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from apps.core.domain.money import ZERO


@dataclass(frozen=True, slots=True)
class Line:
    """An amount of an asset in one book."""

    book: str
    asset: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a fill exchanged: `amount` of `base` for `cost` of `quote`, and a fee in its asset.

    A perpetual's fill exchanges nothing: it pays `realised`, the venue's own figure, in `settle`.
    """

    side: str
    base: str
    quote: str
    amount: Decimal
    cost: Decimal
    fee: Decimal
    fee_asset: str
    settle: str = ""
    realised: Decimal = ZERO


def lines_of_fill(fill: Exchange) -> list[Line]:
    """Return the lines of one fill; they sum to zero per asset and none is zero."""
    sign = 1 if fill.side == "buy" else -1
    if fill.settle:
        paid = [
            *_pair("trading", fill.settle, fill.realised),
            *_pair("fees", fill.fee_asset, -fill.fee),
        ]
        return [line for line in paid if line.amount]
    pairs = [
        *_pair("trading", fill.base, sign * fill.amount),
        *_pair("trading", fill.quote, -sign * fill.cost),
        *_pair("fees", fill.fee_asset, -fill.fee),
    ]
    return [line for line in pairs if line.amount]


def lines_of_transfer(*, asset: str, amount: Decimal) -> list[Line]:
    """Return the lines of an opening balance, deposit or (negative) withdrawal."""
    return [line for line in _pair("transfers", asset, amount) if line.amount]


def lines_of_funding(*, asset: str, amount: Decimal) -> list[Line]:
    """Return the lines of a funding payment, negative when paid."""
    return [line for line in _pair("funding", asset, amount) if line.amount]


def venue_change(lines: Iterable[Line]) -> dict[str, Decimal]:
    """Return by how much each asset's holding at the venue changes."""
    changes: dict[str, Decimal] = {}
    for line in lines:
        if line.book == "venue":
            changes[line.asset] = changes.get(line.asset, ZERO) + line.amount
    return changes


def _pair(book: str, asset: str, amount: Decimal) -> list[Line]:
    return [Line("venue", asset, amount), Line(book, asset, -amount)]
