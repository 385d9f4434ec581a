"""How fresh each venue's prices are."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, Max, Min

from apps.marketdata.models import Quote


def feed_ages() -> list[dict[str, Any]]:
    """Return the newest and oldest quote of each venue and environment (one statement)."""
    grouped = Quote.objects.order_by().values(
        venue=F("instrument__venue"), environment=F("instrument__environment")
    )
    found = grouped.annotate(
        instruments=Count("instrument_id"), newest=Max("observed_at"), oldest=Min("observed_at")
    )
    return [dict(row) for row in found.order_by("venue", "environment")]
