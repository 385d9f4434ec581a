"""Admin pages of supervision: how halts went."""

from __future__ import annotations

from django.contrib import admin

from apps.core.admin import RecordAdmin
from apps.supervision.models import HaltRun


@admin.register(HaltRun)
class HaltRunAdmin(RecordAdmin):
    """HaltRuns, read only."""

    group = "Govern"
    list_display = (
        "requested_at",
        "account",
        "barrier_at",
        "canceled",
        "remaining",
        "verified_at",
        "error",
    )
    list_filter = ("requested_at",)
    list_select_related = ("account",)
