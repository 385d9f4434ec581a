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
from apps.ops.models import Heartbeat

LATE_SECONDS: Final = 15.0
MISSING_SECONDS: Final = 60.0


@requires("view_operations")
def system(request: HttpRequest) -> HttpResponse:
    """Show every process with its build, findings, backups, feeds and schedules."""
    build = reads.declared_build()
    context: dict[str, Any] = {
        "processes": [
            (
                row,
                liveness((now() - row.at).total_seconds()),
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


def liveness(age_seconds: float) -> str:
    """Return ok, late or missing."""
    if age_seconds <= LATE_SECONDS:
        return "ok"
    return "late" if age_seconds <= MISSING_SECONDS else "missing"


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
