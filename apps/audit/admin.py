"""Admin pages of audit: records of every change."""

from __future__ import annotations

from django.contrib import admin

from apps.audit.models import AuditEvent
from apps.core.admin import RecordAdmin


@admin.register(AuditEvent)
class AuditEventAdmin(RecordAdmin):
    """AuditEvents, read only."""

    needs = "view_audit"
    group = "Govern"
    list_display = (
        "seq",
        "at",
        "actor_name",
        "actor_role",
        "verb",
        "object_type",
        "object_name",
        "reason",
    )
    list_filter = ("at", "verb", "actor_kind")
    search_fields = ("actor_name", "verb", "object_name", "object_id", "reason")
