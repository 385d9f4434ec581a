"""Celery: the sweep that applies what people approved, should the last vote not have done it."""

from __future__ import annotations

from celery import shared_task

from apps.core.actor import Actor
from apps.core.clock import now
from apps.golive.actions.apply_approved import apply_approved
from apps.golive.queries import approved_requests


@shared_task(name="golive.apply_approved")
def apply_approved_requests() -> None:
    """Apply every approved request, each in its own transaction."""
    actor = Actor.task("golive.apply_approved")
    for request_id in approved_requests(at=now()):
        apply_approved(request_id=request_id, actor=actor)
