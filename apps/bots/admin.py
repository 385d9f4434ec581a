"""Admin pages of bots: bots, config versions, runs and targets."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from apps.bots.models import Bot, BotConfig, BotRun, BotTarget
from apps.core.admin import RecordAdmin, badge


@admin.register(Bot)
class BotAdmin(RecordAdmin):
    """Bots, read only."""

    group = "Configure"
    list_display = (
        "slug",
        "name",
        "state_badge",
        "stage_badge",
        "account",
        "stage_since",
        "state_since",
    )
    list_filter = ("state", "stage", "account")
    search_fields = ("slug", "name")
    list_select_related = ("account",)

    @admin.display(description="state", ordering="state")
    def state_badge(self, row: Bot) -> SafeString:
        """Glyph and word."""
        return badge(row.state)

    @admin.display(description="stage", ordering="stage")
    def stage_badge(self, row: Bot) -> SafeString:
        """Glyph and word."""
        return badge(row.stage)


@admin.register(BotConfig)
class BotConfigAdmin(RecordAdmin):
    """BotConfigs, read only."""

    group = "Configure"
    list_display = (
        "bot",
        "number",
        "strategy_version",
        "timeframe",
        "created_by_name",
        "created_at",
    )
    list_filter = ("timeframe", "created_at")
    search_fields = ("bot__slug",)
    list_select_related = ("bot", "strategy_version")


@admin.register(BotRun)
class BotRunAdmin(RecordAdmin):
    """BotRuns, read only."""

    group = "Records"
    list_display = ("bot", "started_at", "started_by", "ended_at", "ended_by", "end_reason")
    list_filter = ("started_at",)
    search_fields = ("bot__slug",)
    list_select_related = ("bot",)


@admin.register(BotTarget)
class BotTargetAdmin(RecordAdmin):
    """BotTargets, read only."""

    group = "Records"
    list_display = ("bot", "instrument", "exposure", "target_amount", "stopped_out", "changed_at")
    search_fields = ("bot__slug",)
    list_select_related = ("bot", "instrument")
