"""Compare what bots hold with the venue: spot by balances per asset, perpetuals by positions.

Several bots on one account and instrument: only their sum meets the account's net.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from apps.core.domain.money import ZERO, plain
from apps.reconciliation.domain.differences import Difference
from apps.venues.domain.reports import PositionReport

AVERAGE_RATE: Final = Decimal("0.0001")
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Holding:
    """What one bot holds: amount in base units, basis in quote units.

    `is_alone` when no other bot ever traded the instrument on this account: only then is the
    venue's average the bot's own.
    """

    bot: str
    symbol: str
    base: str
    amount: Decimal
    basis: Decimal
    is_alone: bool = True


def compare_spot(
    *,
    held: Sequence[Holding],
    ledger: Mapping[str, Decimal],
    venue: Mapping[str, Decimal],
    tolerance: Decimal,
) -> list[Difference]:
    """Return the assets of which the venue has not what the bots hold together.

    What the ledger has beyond the bots' holdings belongs to no bot and is left out on both sides.
    """
    by_asset: dict[str, list[Holding]] = {}
    for holding in held:
        by_asset.setdefault(holding.base, []).append(holding)
    found = []
    for asset, holdings in sorted(by_asset.items()):
        total = sum((holding.amount for holding in holdings), ZERO)
        outside = ledger.get(asset, ZERO) - total
        there = venue.get(asset, ZERO) - outside
        if abs(there - total) > tolerance:
            book = {"amount": plain(total), "bots": _bots(holdings)}
            shown = {"amount": plain(there), "balance": plain(venue.get(asset, ZERO))}
            found.append(Difference("position", asset, "critical", book=book, venue=shown))
    return found


def compare_linear(
    *, held: Sequence[Holding], shown: Iterable[PositionReport], is_hedged: bool
) -> list[Difference]:
    """Return where the bots' sum is not the venue's net, a side at a time in hedge mode.

    Amounts must be equal exactly, an average within 0.01 %.
    """
    ours: dict[Place, list[Holding]] = {}
    for holding in held:
        side = ("long" if holding.amount > 0 else "short") if is_hedged else ""
        ours.setdefault((holding.symbol, side), []).append(holding)
    theirs = {(r.symbol, r.side if is_hedged else ""): r for r in shown if r.amount}
    found = []
    for place in sorted(ours.keys() | theirs.keys()):
        difference = _place(place, ours.get(place, []), theirs.get(place))
        if difference is not None:
            found.append(difference)
    return found


def _place(
    place: Place, holdings: Sequence[Holding], report: PositionReport | None
) -> Difference | None:
    total = sum((holding.amount for holding in holdings), ZERO)
    there = report.amount if report is not None else ZERO
    subject = " ".join(part for part in place if part)
    if total != there:
        kind = "position" if any(holding.amount for holding in holdings) else "foreign_position"
        return Difference(
            kind, subject, "critical",
            book={"amount": plain(total), "bots": _bots(holdings)}, venue=position_json(report),
        )  # fmt: skip
    average = _average(holdings)
    entry = report.entry_price if report is not None else None
    if average is not None and entry is not None and abs(average - entry) > entry * AVERAGE_RATE:
        return Difference(
            "position", f"{subject} average", "warning",
            book={"average": plain(average.quantize(Decimal("1e-8"))), "amount": plain(total)},
            venue=position_json(report),
        )  # fmt: skip
    return None


def _average(holdings: Sequence[Holding]) -> Decimal | None:
    """Return the average of the one bot that trades here; None where several do."""
    open_ones = [holding for holding in holdings if holding.amount]
    if len(open_ones) != 1 or not open_ones[0].is_alone:
        return None
    return abs(open_ones[0].basis / open_ones[0].amount)


def position_json(report: PositionReport | None) -> dict[str, str]:
    """Return a position report as evidence."""
    if report is None:
        return {"amount": "0"}
    entry = "" if report.entry_price is None else plain(report.entry_price)
    return {"symbol": report.symbol, "amount": plain(report.amount), "entry_price": entry}


def _bots(holdings: Sequence[Holding]) -> dict[str, str]:
    return {holding.bot: plain(holding.amount) for holding in holdings if holding.amount}
