"""Admin pages of orders: orders, events, facts and fills."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from apps.core.admin import RecordAdmin, badge
from apps.orders.models import Fill, Order, OrderEvent, SendFence, VenueFact


@admin.register(Order)
class OrderAdmin(RecordAdmin):
    """Orders, read only."""

    group = "Records"
    list_display = (
        "decided_at",
        "bot",
        "instrument",
        "purpose",
        "side",
        "type",
        "amount",
        "price",
        "filled",
        "status_badge",
        "client_order_id",
    )
    list_filter = ("status", "purpose", "side", "type", "decided_at")
    search_fields = ("client_order_id", "venue_order_id", "bot__slug")
    list_select_related = ("bot", "instrument")

    @admin.display(description="status", ordering="status")
    def status_badge(self, row: Order) -> SafeString:
        """Glyph and word."""
        return badge(row.status)


@admin.register(OrderEvent)
class OrderEventAdmin(RecordAdmin):
    """OrderEvents, read only."""

    group = "Records"
    list_display = ("at", "order", "before", "after", "cause")
    list_filter = ("after", "at")
    search_fields = ("order__client_order_id",)
    list_select_related = ("order",)


@admin.register(VenueFact)
class VenueFactAdmin(RecordAdmin):
    """VenueFacts, read only."""

    needs = "view_operations"
    group = "Records"
    list_display = (
        "received_at",
        "kind",
        "source",
        "client_order_id",
        "venue_order_id",
        "result",
        "absorbed_at",
    )
    list_filter = ("kind", "source", "result", "received_at")
    search_fields = ("client_order_id", "venue_order_id")


@admin.register(Fill)
class FillAdmin(RecordAdmin):
    """Fills, read only."""

    group = "Records"
    list_display = (
        "at",
        "bot",
        "instrument",
        "side",
        "price",
        "amount",
        "cost",
        "fee",
        "fee_asset",
        "liquidity",
    )
    list_filter = ("side", "liquidity", "at")
    search_fields = ("bot__slug", "venue_trade_id")
    list_select_related = ("bot", "instrument")


@admin.register(SendFence)
class SendFenceAdmin(RecordAdmin):
    """The claim counter of each account, read only."""

    needs = "view_operations"
    group = "Records"
    list_display = ("account", "fence")
    list_select_related = ("account",)
