"""Reads of the report of an account and a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Q, Sum

from apps.core.domain.money import plain
from apps.reconciliation.domain.report import HEADINGS, Period, ProfitRow, Sums, sums_of
from apps.reconciliation.models import COMPARISON_KINDS, Case, ComparisonDay, ProfitDay
from apps.venues.models import VenueAccount

COUNTS: Final = ("passes", "clean_passes", "unreadable", "compared", "equal", "healed", "opened")
_FUNDING: Final = """
SELECT p.asset, sum(p.amount), coalesce(sum(s.amount), 0)
FROM portfolio_fundingpayment p
LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM portfolio_fundingshare GROUP BY 1) s
    ON s.payment_id = p.id
WHERE p.account_id = %s AND p.at >= %s AND p.at < %s GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Report:
    """What was compared of an account in a period, what it came to, and what is still open."""

    account: VenueAccount
    period: Period
    kinds: list[dict[str, Any]]
    cases: list[dict[str, Any]]
    rows: list[ProfitRow]
    sums: dict[str, Sums]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was compared in the period."""
        return not self.rows and not any(kind["passes"] for kind in self.kinds)

    @property
    def open_cases(self) -> int:
        """How many of the period's cases are open."""
        return sum(case["open"] for case in self.cases)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values; money as text."""
        return {
            "account": self.account.slug,
            "from": self.period.first.isoformat(),
            "to": self.period.last.isoformat(),
            "comparisons": self.kinds,
            "cases": self.cases,
            "totals": {
                quote: {
                    "profit_desk": plain(s.profit_desk),
                    "profit_venue": plain(s.profit_venue),
                    "difference": plain(s.difference),
                    "fees_desk": {asset: plain(v) for asset, v in sorted(s.fees_desk.items())},
                    "fees_venue": {asset: plain(v) for asset, v in sorted(s.fees_venue.items())},
                    "funding_desk": plain(s.funding_desk),
                    "funding_venue": plain(s.funding_venue),
                }
                for quote, s in self.sums.items()
            },
            "days": [dict(zip(HEADINGS, row.cells(), strict=True)) for row in self.rows],
        }


def read_report(*, account: VenueAccount, period: Period) -> Report:
    """Return the report (five statements); days are those of market time for profit."""
    start = datetime.combine(period.first, time(), UTC)
    end = datetime.combine(period.last, time(), UTC) + timedelta(days=1)
    rows = _rows(account, period)
    sums = sums_of(rows)
    with connection.cursor() as cursor:
        cursor.execute(_FUNDING, [account.pk, start, end])
        for asset, paid, shared in cursor.fetchall():
            total = sums.setdefault(asset, Sums())
            total.funding_venue, total.funding_desk = Decimal(paid), Decimal(shared)
    cases = Case.objects.filter(account=account, opened_at__gte=start, opened_at__lt=end)
    told = cases.values("kind").annotate(
        all=Count("id"),
        open=Count("id", filter=Q(state="open")),
        healed=Count("id", filter=Q(state="healed")),
        resolved=Count("id", filter=Q(state="resolved")),
    )
    counted: list[dict[str, Any]] = [dict(row) for row in told.order_by("kind")]
    return Report(account, period, _kinds(account, period), counted, rows, sums)


def _kinds(account: VenueAccount, period: Period) -> list[dict[str, Any]]:
    days = ComparisonDay.objects.filter(account=account, day__range=(period.first, period.last))
    found = days.order_by().values("kind").annotate(**{f"sum_{n}": Sum(n) for n in COUNTS})
    by_kind: dict[str, dict[str, Any]] = {row["kind"]: dict(row) for row in found}
    return [
        {"kind": kind, **{name: by_kind.get(kind, {}).get(f"sum_{name}") or 0 for name in COUNTS}}
        for kind in COMPARISON_KINDS
    ]


def _rows(account: VenueAccount, period: Period) -> list[ProfitRow]:
    days = ProfitDay.objects.filter(account=account, day__range=(period.first, period.last))
    rows = days.order_by("-day", "instrument__symbol").values_list(
        "day", "instrument__symbol", "instrument__quote", "fills_desk", "fills_venue",
        "fills_equal", "profit_desk", "profit_venue", "fees_desk", "fees_venue",
    )  # fmt: skip
    return [ProfitRow(*row) for row in rows]
