"""Scheduled watching; what is found is a row, so a lost task does no harm."""

from __future__ import annotations

from celery import shared_task

from apps.supervision.actions.watch_execution import watch_execution


@shared_task(name="supervision.watch_execution", expires=30)
def execution() -> None:
    """Watch the execution quality of every bot."""
    watch_execution()
