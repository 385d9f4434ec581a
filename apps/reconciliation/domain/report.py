"""What reconciliation came to in a period: counts, cases, profit and fees on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import ZERO, plain
from apps.core.errors import InvalidInput

DAYS_MAX: Final = 366
HEADINGS: Final = (
    "day", "instrument", "quote", "fills_desk", "fills_venue", "fills_equal", "profit_desk",
    "profit_venue", "difference", "fees_desk", "fees_venue",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Period:
    """UTC days, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class ProfitRow:
    """One instrument and day (market time): profit in quote units before fees."""

    day: date
    instrument: str
    quote: str
    fills_desk: int
    fills_venue: int
    fills_equal: int
    profit_desk: Decimal
    profit_venue: Decimal
    fees_desk: Mapping[str, str]
    fees_venue: Mapping[str, str]

    @property
    def difference(self) -> Decimal:
        """Desk minus venue."""
        return self.profit_desk - self.profit_venue

    def cells(self) -> list[str]:
        """Return the row as text, in the order of `HEADINGS`."""
        return [
            self.day.isoformat(), self.instrument, self.quote, str(self.fills_desk),
            str(self.fills_venue), str(self.fills_equal), plain(self.profit_desk),
            plain(self.profit_venue), plain(self.difference), fee_words(self.fees_desk),
            fee_words(self.fees_venue),
        ]  # fmt: skip


@dataclass(slots=True)
class Sums:
    """Totals of one quote asset."""

    profit_desk: Decimal = ZERO
    profit_venue: Decimal = ZERO
    funding_desk: Decimal = ZERO
    funding_venue: Decimal = ZERO
    fees_desk: dict[str, Decimal] = field(default_factory=dict)
    fees_venue: dict[str, Decimal] = field(default_factory=dict)

    @property
    def difference(self) -> Decimal:
        """Profit, desk minus venue."""
        return self.profit_desk - self.profit_venue

    @property
    def fees(self) -> tuple[str, str]:
        """Fees of desk and venue in words."""
        return fee_words(self.fees_desk), fee_words(self.fees_venue)


def sums_of(rows: Iterable[ProfitRow]) -> dict[str, Sums]:
    """Return the totals by quote asset; money of two assets is never added."""
    found: dict[str, Sums] = {}
    for row in rows:
        total = found.setdefault(row.quote, Sums())
        total.profit_desk += row.profit_desk
        total.profit_venue += row.profit_venue
        for mine, theirs in ((total.fees_desk, row.fees_desk), (total.fees_venue, row.fees_venue)):
            for asset, amount in theirs.items():
                mine[asset] = mine.get(asset, ZERO) + Decimal(amount)
    return dict(sorted(found.items()))


def fee_words(fees: Mapping[str, Any]) -> str:
    """Return fees by asset as `0.1 BNB, 2 USDT`."""
    return ", ".join(f"{plain(Decimal(amount))} {asset}" for asset, amount in sorted(fees.items()))


def period_of(*, first: str, last: str, today: date, days: int = 7) -> Period:
    """Return the period that two dates name; without them the last `days` days.

    :raises InvalidInput: `PERIOD_INVALID`, for no dates, or more than a year.
    """
    try:
        end = date.fromisoformat(last) if last else today
        start = date.fromisoformat(first) if first else date.fromordinal(end.toordinal() - days + 1)
    except ValueError as error:
        raise InvalidInput("PERIOD_INVALID", field="from", value=f"{first} {last}") from error
    if not 0 <= (end - start).days < DAYS_MAX:
        raise InvalidInput(
            "PERIOD_INVALID",
            field="from",
            value=f"{start} {end}",
            would_pass=f"1 to {DAYS_MAX} days",
        )
    return Period(start, end)
