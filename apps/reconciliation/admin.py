"""Admin pages of reconciliation: comparisons and cases."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from apps.core.admin import RecordAdmin, badge
from apps.reconciliation.models import (
    Case,
    CaseEvent,
    Comparison,
    ComparisonDay,
    HistoryMark,
    ProfitDay,
)


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
        "owner",
        "cause",
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


@admin.register(CaseEvent)
class CaseEventAdmin(RecordAdmin):
    """What happened to cases, read only."""

    needs = "view_operations"
    group = "Govern"
    list_display = ("at", "case", "verb", "actor", "text")
    list_filter = ("verb", "at")
    list_select_related = ("case",)


@admin.register(ComparisonDay)
class ComparisonDayAdmin(RecordAdmin):
    """What a day's comparisons came to, read only."""

    needs = "view_operations"
    group = "System"
    list_display = (
        "day", "account", "kind", "passes", "clean_passes", "unreadable", "compared", "equal",
        "healed", "opened",
    )  # fmt: skip
    list_filter = ("kind", "day")
    list_select_related = ("account",)


@admin.register(HistoryMark)
class HistoryMarkAdmin(RecordAdmin):
    """Up to where each instrument's fills are verified, read only."""

    needs = "view_operations"
    group = "System"
    list_display = ("account", "instrument", "through", "fills", "checked_at")
    list_select_related = ("account", "instrument")


@admin.register(ProfitDay)
class ProfitDayAdmin(RecordAdmin):
    """Fills, fees and profit of a day beside the venue's, read only."""

    needs = "view_operations"
    group = "Govern"
    list_display = (
        "day", "account", "instrument", "fills_desk", "fills_venue", "fills_equal",
        "profit_desk", "profit_venue", "checked_at",
    )  # fmt: skip
    list_filter = ("day",)
    list_select_related = ("account", "instrument")
