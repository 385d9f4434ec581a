"""Celery: the sweep over requests that waited too long."""

from __future__ import annotations

from celery import shared_task

from apps.approvals.actions.expire import expire
from apps.core.actor import Actor


@shared_task(name="approvals.expire")
def expire_requests() -> None:
    """Expire requests past their time."""
    expire(actor=Actor.task("approvals.expire"))
