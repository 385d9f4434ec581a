"""Admin pages of reconciliation: comparisons and cases."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from apps.core.admin import RecordAdmin, badge
from apps.reconciliation.models import Case, Comparison


@admin.register(Case)
class CaseAdmin(RecordAdmin):
    """Cases, read only."""

    needs = "view_operations"
    group = "Govern"
    list_display = (
        "opened_at",
        "account",
        "kind",
        "severity_badge",
        "subject",
        "state_badge",
        "closed_at",
    )
    list_filter = ("state", "kind", "severity", "opened_at")
    search_fields = ("subject",)
    list_select_related = ("account",)

    @admin.display(description="severity", ordering="severity")
    def severity_badge(self, row: Case) -> SafeString:
        """Glyph and word."""
        return badge(row.severity)

    @admin.display(description="state", ordering="state")
    def state_badge(self, row: Case) -> SafeString:
        """Glyph and word."""
        return badge(row.state)


@admin.register(Comparison)
class ComparisonAdmin(RecordAdmin):
    """Comparisons, read only."""

    needs = "view_operations"
    group = "System"
    list_display = (
        "started_at",
        "account",
        "kind",
        "compared",
        "equal",
        "healed",
        "opened",
        "error",
    )
    list_filter = ("kind", "started_at")
    list_select_related = ("account",)
