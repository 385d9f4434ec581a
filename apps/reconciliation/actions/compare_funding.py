"""Compare an instrument's funding payments with the venue's own list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from apps.core.clock import from_ms, to_ms
from apps.core.domain.money import plain
from apps.portfolio.actions.record_funding import record_funding
from apps.portfolio.models import FundingPayment
from apps.reconciliation.domain.differences import Difference
from apps.reconciliation.queries.history import Traded
from apps.venues.domain.reports import FundingReport
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call

READ_SECONDS: Final = 60.0
# A payment that the schedule may still bring is not yet a missing one.
LATE: Final = timedelta(minutes=10)
FUNDING: Final = " funding "


@dataclass(slots=True)
class Funding:
    """What comparing came to; `late` were recorded from the venue's list."""

    compared: int = 0
    differences: list[Difference] = field(default_factory=list)
    late: list[Difference] = field(default_factory=list)


def compare_funding(
    *, account_id: UUID, traded: Traded, gateway: Gateway, until: datetime
) -> Funding:
    """Record the payments that the desk lacks, and return those that differ.

    :raises VenueError: when the venue cannot be read.
    """
    shown = call(gateway.funding(traded.symbol, since_ms=to_ms(traded.since)), timeout=READ_SECONDS)
    shown = [report for report in shown if from_ms(report.at_ms) < until - LATE]
    done = Funding(compared=len(shown))
    if not shown:
        return done
    rows = FundingPayment.objects.filter(
        account_id=account_id,
        instrument_id=traded.instrument_id,
        at__gte=traded.since,
        at__lte=from_ms(max(report.at_ms for report in shown)),
    )
    booked = dict(rows.values_list("venue_id", "amount"))
    lacking = [report for report in shown if report.venue_id not in booked]
    if lacking:
        record_funding(account_id=account_id, reports=lacking)
        done.late = [_told(traded, report) for report in lacking]
    done.differences = _unlike(traded, shown, booked)
    return done


def _unlike(
    traded: Traded, shown: Sequence[FundingReport], booked: dict[str, Decimal]
) -> list[Difference]:
    found = [
        _told(traded, report, {"amount": plain(booked[report.venue_id])})
        for report in shown
        if booked.get(report.venue_id, report.amount) != report.amount
    ]
    names = {report.venue_id for report in shown}
    for name in sorted(booked.keys() - names):
        subject = f"{traded.symbol}{FUNDING}{name}"
        book = {"amount": plain(booked[name])}
        found.append(Difference("funding", subject, "warning", book, {"amount": "absent"}))
    return found


def _told(traded: Traded, report: FundingReport, book: dict[str, str] | None = None) -> Difference:
    venue = {"amount": plain(report.amount), "asset": report.asset}
    subject = f"{traded.symbol}{FUNDING}{report.venue_id}"
    return Difference("funding", subject, "warning" if book else "info", book or {}, venue)
