"""Background work of market data."""

from __future__ import annotations

from celery import shared_task
from django.db import OperationalError

from apps.marketdata.actions.ensure_partitions import ensure_partitions as ensure


@shared_task(
    name="marketdata.ensure_partitions", autoretry_for=(OperationalError,), default_retry_delay=20
)
def ensure_partitions() -> None:
    """Make next years' candle partitions."""
    ensure()
