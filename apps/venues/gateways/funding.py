"""The rate of a funding charge, where the venue's list of payments leaves it out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from apps.core.domain.money import exact
from apps.venues.domain.reports import FundingReport

# A payment is booked a little after the moment that it is charged for.
LATE_MS = 60_000

Fetch = Callable[[str, int], Awaitable[Sequence[Any]]]


async def with_rates(reports: Sequence[FundingReport], fetch: Fetch) -> list[FundingReport]:
    """Return the payments with their rates; `fetch` lists a symbol's charges since an epoch ms.

    With a position on both sides only the rate's sign tells which side a payment is for.
    """
    since: dict[str, int] = {}
    for report in reports:
        if report.rate is None:
            since[report.symbol] = min(report.at_ms, since.get(report.symbol, report.at_ms))
    charged = {
        symbol: [
            (int(row["timestamp"]), exact(row["fundingRate"]))
            for row in await fetch(symbol, first - LATE_MS)
        ]
        for symbol, first in sorted(since.items())
    }
    return [
        replace(report, rate=_rate_at(charged[report.symbol], report.at_ms))
        if report.rate is None
        else report
        for report in reports
    ]


def _rate_at(charged: Sequence[tuple[int, Decimal]], at_ms: int) -> Decimal | None:
    fitting = [(at, rate) for at, rate in charged if at <= at_ms < at + LATE_MS]
    return max(fitting)[1] if fitting else None
