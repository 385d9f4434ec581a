"""Celery: signs of life, checks and cleaning."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.conf import settings

from apps.core.actor import Actor
from apps.ops.actions.beat_heart import beat_heart
from apps.ops.actions.check_invariants import check_invariants
from apps.ops.actions.clean_up import clean_up
from apps.ops.actions.prune_backups import prune_backups
from apps.ops.actions.take_backup import take_backup
from apps.ops.actions.verify_backup import verify_backup
from apps.ops.gateways.scratch_database import NoScratchDatabase

log = structlog.get_logger(__name__)


@shared_task(name="ops.pulse")
def pulse(name: str) -> None:
    """Show that the worker of a queue does its work: beat, broker, worker and database in one."""
    beat_heart(name=name)


@shared_task(name="ops.check_invariants")
def invariants() -> None:
    """Check the invariants and keep the result."""
    check_invariants()


@shared_task(name="ops.backup")
def backup() -> None:
    """Take the day's backup and prove that it can be restored."""
    actor = Actor.task("ops.backup")
    taken = take_backup(actor=actor, reason="daily")
    try:
        verify_backup(actor=actor, name=taken.name)
    except NoScratchDatabase as error:
        log.warning("backup.not_verified", error=str(error))
    prune_backups(keep=settings.BACKUP_KEEP)


@shared_task(name="ops.clean_up")
def clean() -> None:
    """Delete what has served its time."""
    clean_up(actor=Actor.task("ops.clean_up"))
