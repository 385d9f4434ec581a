"""Admin pages of ops: signs of life, and the schedules as rows that code declares."""

from __future__ import annotations

from django.contrib import admin
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from apps.core.admin import RecordAdmin
from apps.ops.models import Finding, Heartbeat

for model in (PeriodicTask, ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule):
    admin.site.unregister(model)


@admin.register(Heartbeat)
class HeartbeatAdmin(RecordAdmin):
    """The last sign of life of each process."""

    needs = "view_operations"
    group = "System"
    list_display = ("name", "pid", "build", "started_at", "at")


@admin.register(Finding)
class FindingAdmin(RecordAdmin):
    """What the desk's own checks found; open while it lasts."""

    needs = "view_operations"
    group = "System"
    list_display = ("name", "words", "rows", "first_seen_at", "last_seen_at", "resolved_at")
    list_filter = ("name", "first_seen_at")


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(RecordAdmin):
    """Schedules; the table in code rules, `manage.py schedules sync` writes these rows."""

    needs = "view_operations"
    group = "System"
    list_display = (
        "name",
        "task",
        "interval",
        "queue",
        "enabled",
        "last_run_at",
        "total_run_count",
    )
    search_fields = ("name", "task")
    list_select_related = ("interval",)
