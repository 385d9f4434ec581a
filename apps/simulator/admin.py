"""Admin pages of simulator: books of the simulated exchange."""

from __future__ import annotations

from django.contrib import admin

from apps.core.admin import RecordAdmin
from apps.simulator.models import Account, Balance, Order, Trade


@admin.register(Account)
class SimulatorAccountAdmin(RecordAdmin):
    """Accounts, read only."""

    needs = "view_operations"
    group = "Reference"
    hidden = ("api_key", "secret")
    list_display = ("name", "fee_maker", "fee_taker", "fee_mode")


@admin.register(Balance)
class SimulatorBalanceAdmin(RecordAdmin):
    """Balances, read only."""

    needs = "view_operations"
    group = "Reference"
    list_display = ("account", "asset", "free", "locked")
    list_filter = ("asset",)
    list_select_related = ("account",)


@admin.register(Order)
class SimulatorOrderAdmin(RecordAdmin):
    """Orders, read only."""

    needs = "view_operations"
    group = "Reference"
    list_display = (
        "order_id",
        "account",
        "symbol",
        "side",
        "type",
        "amount",
        "price",
        "stop_price",
        "filled",
        "status",
    )
    list_filter = ("status", "symbol")
    search_fields = ("client_order_id",)
    list_select_related = ("account",)


@admin.register(Trade)
class SimulatorTradeAdmin(RecordAdmin):
    """Trades, read only."""

    needs = "view_operations"
    group = "Reference"
    list_display = (
        "symbol",
        "trade_id",
        "account",
        "side",
        "price",
        "amount",
        "fee",
        "fee_asset",
        "at_ms",
    )
    list_filter = ("symbol",)
    list_select_related = ("account",)
