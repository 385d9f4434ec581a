"""Admin pages of risk: limits, restrictions and verdicts."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from apps.core.admin import RecordAdmin, badge
from apps.risk.models import DeskBuild, Limit, Restriction, Verdict


@admin.register(Limit)
class LimitAdmin(RecordAdmin):
    """Limits, read only."""

    group = "Govern"
    list_display = ("scope_kind", "scope_id", "name", "value", "set_by", "set_at", "reason")
    list_filter = ("scope_kind", "name")
    search_fields = ("scope_id",)


@admin.register(Restriction)
class RestrictionAdmin(RecordAdmin):
    """Restrictions, read only."""

    group = "Govern"
    list_display = (
        "set_at",
        "state_badge",
        "scope_kind",
        "scope_id",
        "code",
        "set_by",
        "reason",
        "lifted_at",
    )
    list_filter = ("state", "code", "set_at")
    search_fields = ("scope_id", "reason")

    @admin.display(description="state", ordering="state")
    def state_badge(self, row: Restriction) -> SafeString:
        """Glyph and word."""
        return badge(row.state)


@admin.register(Verdict)
class VerdictAdmin(RecordAdmin):
    """Verdicts, read only."""

    group = "Records"
    list_display = ("at", "bot", "instrument", "is_allowed", "reserved_cost", "codes")
    list_filter = ("is_allowed", "at")
    search_fields = ("bot__slug",)
    list_select_related = ("bot", "instrument")


@admin.register(DeskBuild)
class DeskBuildAdmin(RecordAdmin):
    """The build that may send entries, read only; `manage.py declare_build` writes it."""

    needs = "view_operations"
    group = "System"
    list_display = ("build", "declared_at", "declared_by")
