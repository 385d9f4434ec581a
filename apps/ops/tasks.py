"""Celery: signs of life, checks and cleaning."""

from __future__ import annotations

from celery import shared_task

from apps.core.actor import Actor
from apps.ops.actions.beat_heart import beat_heart
from apps.ops.actions.check_invariants import check_invariants
from apps.ops.actions.clean_up import clean_up


@shared_task(name="ops.pulse")
def pulse(name: str) -> None:
    """Show that the worker of a queue does its work: beat, broker, worker and database in one."""
    beat_heart(name=name)


@shared_task(name="ops.check_invariants")
def invariants() -> None:
    """Check the invariants and keep the result."""
    check_invariants()


@shared_task(name="ops.clean_up")
def clean() -> None:
    """Delete what has served its time."""
    clean_up(actor=Actor.task("ops.clean_up"))
