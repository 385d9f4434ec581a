"""Admin pages of golive: measured gates."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from apps.core.admin import RecordAdmin, badge
from apps.golive.models import GateCheck


@admin.register(GateCheck)
class GateCheckAdmin(RecordAdmin):
    """GateChecks, read only."""

    group = "Govern"
    list_display = (
        "at",
        "bot",
        "gate",
        "result_badge",
        "measured",
        "threshold",
        "sample",
        "moment",
    )
    list_filter = ("result", "gate", "at")
    list_select_related = ("bot",)

    @admin.display(description="result", ordering="result")
    def result_badge(self, row: GateCheck) -> SafeString:
        """Glyph and word."""
        return badge(row.result)
