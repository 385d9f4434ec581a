"""Keep the rows that beat reads equal to the table of schedules."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from apps.audit.context import acting
from apps.core.actor import Actor
from apps.ops.domain.schedules import SCHEDULES, Schedule
from apps.ops.queries import schedule_problems

KEPT: Final = "Kept by `manage.py schedules sync`."
# A start in the past makes a new row run at once and not only after its first interval.
START: Final = datetime(2020, 1, 1, tzinfo=UTC)


def sync_schedules(*, actor: Actor) -> dict[str, str]:
    """Write every required schedule that is missing, disabled or altered; return name → what it was.

    Rows that an earlier version of the table made, and this one no longer has, are deleted.
    """
    with transaction.atomic(), acting(actor=actor, verb="schedules.sync"):
        found = schedule_problems()
        for schedule in SCHEDULES:
            if schedule.name in found:
                _write(schedule)
        names = [schedule.name for schedule in SCHEDULES]
        for row in PeriodicTask.objects.filter(description=KEPT).exclude(name__in=names):
            found[row.name] = "no longer required"
            row.delete()
    return found


def _write(schedule: Schedule) -> None:
    interval, _ = IntervalSchedule.objects.get_or_create(every=schedule.every, period="seconds")
    values: dict[str, Any] = {
        "task": schedule.task, "interval": interval, "queue": schedule.queue, "enabled": True,
        "args": json.dumps(list(schedule.args)), "kwargs": "{}", "expire_seconds": schedule.expires,
        "expires": None, "one_off": False, "clocked": None, "crontab": None, "solar": None,
        "start_time": START, "description": KEPT,
    }  # fmt: skip
    PeriodicTask.objects.update_or_create(name=schedule.name, defaults=values)
