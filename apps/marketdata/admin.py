"""Admin pages of marketdata: instruments, quotes and imports."""

from __future__ import annotations

from django.contrib import admin

from apps.core.admin import RecordAdmin
from apps.marketdata.models import CandleImport, Instrument, Quote


@admin.register(Instrument)
class InstrumentAdmin(RecordAdmin):
    """Instruments, read only."""

    group = "Reference"
    list_display = (
        "symbol",
        "venue",
        "environment",
        "price_tick",
        "amount_step",
        "cost_min",
        "is_tradable",
        "updated_at",
    )
    list_filter = ("venue", "environment", "is_tradable")
    search_fields = ("symbol",)


@admin.register(Quote)
class QuoteAdmin(RecordAdmin):
    """Quotes, read only."""

    group = "Reference"
    list_display = ("instrument", "bid", "ask", "last", "at", "observed_at")
    list_select_related = ("instrument",)


@admin.register(CandleImport)
class CandleImportAdmin(RecordAdmin):
    """CandleImports, read only."""

    needs = "view_operations"
    group = "Reference"
    list_display = (
        "source",
        "instrument",
        "timeframe",
        "rows",
        "new_rows",
        "started_at",
        "finished_at",
    )
    list_filter = ("timeframe", "started_at")
    list_select_related = ("instrument",)
