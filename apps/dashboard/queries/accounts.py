"""How fresh each venue's prices are, and how each account's gateway last proved itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, Min

from apps.marketdata.models import Quote
from apps.venues.models import CardRun


def feed_ages() -> list[dict[str, Any]]:
    """Return the newest and oldest quote of each venue and environment (one statement)."""
    grouped = Quote.objects.order_by().values(
        venue=F("instrument__venue"), environment=F("instrument__environment")
    )
    found = grouped.annotate(
        instruments=Count("instrument_id"), newest=Max("observed_at"), oldest=Min("observed_at")
    )
    return [dict(row) for row in found.order_by("venue", "environment")]


def last_card_runs() -> dict[UUID, CardRun]:
    """Return each account's newest run of the acceptance cards, without its results."""
    runs = CardRun.objects.defer("results").order_by("account_id", "-started_at")
    return {run.account_id: run for run in runs.distinct("account_id")}
