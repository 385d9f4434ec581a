"""Admin pages of strategies: the catalogue and its pinned versions."""

from __future__ import annotations

from django.contrib import admin

from apps.core.admin import RecordAdmin
from apps.strategies.models import Strategy, StrategyVersion


@admin.register(Strategy)
class StrategyAdmin(RecordAdmin):
    """Strategys, read only."""

    group = "Reference"
    list_display = ("name", "title")
    search_fields = ("name", "title")


@admin.register(StrategyVersion)
class StrategyVersionAdmin(RecordAdmin):
    """StrategyVersions, read only."""

    group = "Reference"
    list_display = ("strategy", "version", "source_hash", "created_at")
    list_filter = ("strategy",)
    list_select_related = ("strategy",)
