"""Processes and builds, what the desk's own checks found, backups, feeds, schedules."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_celery_beat.models import PeriodicTask

from apps.core.clock import now
from apps.dashboard.access import requires
from apps.dashboard.queries import system as reads
from apps.dashboard.queries.accounts import feed_ages
from apps.ops.domain.schedules import SCHEDULES
from apps.ops.models import Heartbeat

LATE_SECONDS: Final = 15.0
MISSING_SECONDS: Final = 60.0
# What gives its sign of life by finishing something that is done only so often.
EVERY_SECONDS: Final = {
    "invariants": next(float(s.every) for s in SCHEDULES if s.task == "ops.check_invariants")
}


@requires("view_operations")
def system(request: HttpRequest) -> HttpResponse:
    """Show every process with its build, findings, backups, feeds and schedules."""
    build = reads.declared_build()
    context: dict[str, Any] = {
        "processes": [
            (
                row,
                liveness(name=row.name, age_seconds=(now() - row.at).total_seconds()),
                build is None or row.build == build.build,
            )
            for row in Heartbeat.objects.all()
        ],
        "build": build,
        "findings": reads.findings(),
        "backups": reads.backups(),
        "borrowed": reads.borrowed_prices(),
        "has_simulated": reads.has_simulated_accounts(),
        "schedules": schedules(),
        "feeds": feed_ages(),
        "live": {},
    }
    part = request.GET.get("part") == "system"
    return render(request, "pages/system_parts.html" if part else "pages/system.html", context)


def liveness(*, name: str, age_seconds: float) -> str:
    """Return ok, late or missing."""
    every = EVERY_SECONDS.get(name, 0.0)
    if age_seconds <= every + LATE_SECONDS:
        return "ok"
    return "late" if age_seconds <= 2 * every + MISSING_SECONDS else "missing"


def schedules() -> list[dict[str, Any]]:
    """Return what beat runs (one statement)."""
    rows = PeriodicTask.objects.select_related("interval", "crontab").order_by("name")
    return [
        {
            "name": row.name,
            "task": row.task,
            "every": str(row.interval or row.crontab or ""),
            "state": "ok" if row.enabled else "missing",
            "last_run_at": row.last_run_at,
        }
        for row in rows
    ]
