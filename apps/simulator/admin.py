"""Admin pages of simulator: books of the simulated exchange."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from apps.core.actor import Actor
from apps.core.admin import RecordAdmin
from apps.core.errors import DeskError
from apps.simulator.actions.arm_fault import arm_fault
from apps.simulator.actions.clear_faults import clear_faults
from apps.simulator.domain.knobs import described
from apps.simulator.models import (
    Account,
    AlgoOrder,
    Balance,
    Income,
    Order,
    OrderList,
    Position,
    Trade,
    Wallet,
)
from apps.simulator.queries import fault_knobs

FAULTS_PAGE = "simulator_account_faults"


@admin.register(Account)
class SimulatorAccountAdmin(RecordAdmin):
    """Accounts, read only."""

    needs = "view_operations"
    group = "Reference"
    hidden = ("api_key", "secret")
    change_list_template = "admin/simulator/account/change_list.html"
    list_display = ("name", "fee_maker", "fee_taker", "fee_mode")

    def get_urls(self) -> list[Any]:
        """Add the page of the faults."""
        page = self.admin_site.admin_view(self.faults)
        return [path("faults/", page, name=FAULTS_PAGE), *super().get_urls()]

    def faults(self, request: HttpRequest) -> HttpResponse:
        """Show every knob and what is armed; a post arms or clears."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_arm = request.user.has_perm("accounts.simulate_faults")
        if request.method == "POST":
            if not may_arm:
                raise PermissionDenied
            _turn(request)
            return HttpResponseRedirect(reverse(f"admin:{FAULTS_PAGE}"))
        found: dict[str, Any] = {"armed": [], "knobs": described()}
        try:
            found = fault_knobs()
        except DeskError as error:
            messages.warning(request, error.message)
        context = {
            **self.admin_site.each_context(request),
            "title": "Faults of the simulated exchange",
            "armed": found["armed"],
            "knobs": found["knobs"],
            "accounts": Account.objects.order_by("name").values_list("name", flat=True),
            "may_arm": may_arm,
            "opts": self.model._meta,
        }
        return TemplateResponse(request, "admin/simulator/account/faults.html", context)


def _turn(request: HttpRequest) -> None:
    """Arm or clear what the form says and tell the person how it went."""
    person, sent = request.user, request.POST
    actor = Actor(kind="person", id=str(person.pk), name=person.get_username())
    try:
        if "clear" in sent:
            number = sent["clear"]
            clear_faults(actor=actor, number=int(number) if number.isdigit() else None)
            messages.success(request, "Cleared.")
            return
        terms = dict(pair.split("=", 1) for pair in sent.get("terms", "").split() if "=" in pair)
        terms |= {name: sent[name] for name in ("kind", "account") if sent.get(name)}
        arm_fault(actor=actor, terms=terms, reason=sent.get("reason", ""))
        messages.success(request, "Armed.")
    except DeskError as error:
        messages.error(request, str(error))


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


@admin.register(OrderList)
class SimulatorOrderListAdmin(RecordAdmin):
    """Order lists, read only."""

    needs = "view_operations"
    group = "Reference"
    list_display = ("order_list_id", "account", "symbol", "contingency", "status", "client_list_id")
    list_filter = ("status", "symbol")
    search_fields = ("client_list_id",)
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


@admin.register(Wallet)
class SimulatorWalletAdmin(RecordAdmin):
    """Futures wallets, read only."""

    needs = "view_operations"
    group = "Reference"
    list_display = ("account", "asset", "balance", "deposited", "realised", "fees", "funding")
    list_select_related = ("account",)


@admin.register(Position)
class SimulatorPositionAdmin(RecordAdmin):
    """Positions in perpetuals, read only."""

    needs = "view_operations"
    group = "Reference"
    list_display = ("account", "symbol", "side", "amount", "cost", "isolated", "realised")
    list_filter = ("symbol", "side")
    list_select_related = ("account",)


@admin.register(AlgoOrder)
class SimulatorAlgoOrderAdmin(RecordAdmin):
    """Conditional orders of perpetuals, read only."""

    needs = "view_operations"
    group = "Reference"
    list_display = (
        "algo_id",
        "account",
        "symbol",
        "side",
        "type",
        "amount",
        "trigger_price",
        "status",
        "order_id",
    )
    list_filter = ("status", "type", "symbol")
    search_fields = ("client_algo_id",)
    list_select_related = ("account",)


@admin.register(Income)
class SimulatorIncomeAdmin(RecordAdmin):
    """Flows of futures wallets, read only."""

    needs = "view_operations"
    group = "Reference"
    list_display = ("income_id", "account", "kind", "symbol", "amount", "asset", "at_ms")
    list_filter = ("kind", "symbol")
    list_select_related = ("account",)
