"""Admin pages of portfolio: positions, round trips and the ledger."""

from __future__ import annotations

from django.contrib import admin

from apps.core.admin import RecordAdmin
from apps.portfolio.models import (
    Balance,
    DailyResult,
    FundingPayment,
    FundingShare,
    JournalEntry,
    JournalLine,
    Position,
    RoundTrip,
    VenuePosition,
    VenueSetting,
)


@admin.register(Position)
class PositionAdmin(RecordAdmin):
    """Positions, read only."""

    group = "Records"
    list_display = (
        "bot",
        "instrument",
        "amount",
        "basis",
        "realised_profit",
        "fees",
        "round_trips",
        "updated_at",
    )
    search_fields = ("bot__slug",)
    list_select_related = ("bot", "instrument")


@admin.register(RoundTrip)
class RoundTripAdmin(RecordAdmin):
    """RoundTrips, read only."""

    group = "Records"
    list_display = ("closed_at", "bot", "instrument", "profit", "fees", "reconciled_at")
    list_filter = ("stage", "closed_at")
    search_fields = ("bot__slug",)
    list_select_related = ("bot", "instrument")


@admin.register(DailyResult)
class DailyResultAdmin(RecordAdmin):
    """DailyResults, read only."""

    group = "Records"
    list_display = ("day", "bot", "realised_profit", "fees", "fills")
    list_filter = ("day",)
    search_fields = ("bot__slug",)
    list_select_related = ("bot",)


@admin.register(JournalEntry)
class JournalEntryAdmin(RecordAdmin):
    """JournalEntries, read only."""

    group = "Records"
    list_display = ("at", "account", "kind", "note", "posted_at")
    list_filter = ("kind", "at")
    list_select_related = ("account",)


@admin.register(JournalLine)
class JournalLineAdmin(RecordAdmin):
    """JournalLines, read only."""

    group = "Records"
    list_display = ("entry", "account", "book", "asset", "amount")
    list_filter = ("book", "asset")
    list_select_related = ("entry", "account")


@admin.register(Balance)
class BalanceAdmin(RecordAdmin):
    """Balances, read only."""

    group = "Records"
    list_display = ("account", "asset", "amount", "updated_at")
    list_filter = ("asset",)
    list_select_related = ("account",)


@admin.register(VenuePosition)
class VenuePositionAdmin(RecordAdmin):
    """What venues say of perpetual positions, read only."""

    group = "Records"
    list_display = (
        "account",
        "instrument",
        "side",
        "amount",
        "mark_price",
        "liquidation_price",
        "leverage",
        "margin",
        "observed_at",
    )
    list_select_related = ("account", "instrument")


@admin.register(VenueSetting)
class VenueSettingAdmin(RecordAdmin):
    """Leverage and margin mode as set at venues, read only."""

    group = "Records"
    list_display = ("account", "instrument", "leverage", "margin_mode", "problem", "set_at")
    list_select_related = ("account", "instrument")


@admin.register(FundingPayment)
class FundingPaymentAdmin(RecordAdmin):
    """Funding payments, read only."""

    group = "Records"
    list_display = ("at", "account", "instrument", "amount", "asset", "rate", "venue_id")
    list_filter = ("at",)
    list_select_related = ("account", "instrument")


@admin.register(FundingShare)
class FundingShareAdmin(RecordAdmin):
    """What each bot bears of a funding payment, read only."""

    group = "Records"
    list_display = ("payment", "bot", "amount")
    list_select_related = ("payment", "bot")
