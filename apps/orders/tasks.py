"""Celery: what is looked after when nobody trades."""

from __future__ import annotations

from celery import shared_task

from apps.orders.actions.forget_calls import forget_calls
from apps.orders.actions.watch_doubt import watch_doubt


@shared_task(name="orders.watch_doubt")
def doubt() -> None:
    """Set bots with an order in doubt to reducing, and release them when it is over."""
    watch_doubt()


@shared_task(name="orders.forget_calls")
def calls() -> None:
    """Delete what crossed the wire more than 30 days ago."""
    forget_calls()
