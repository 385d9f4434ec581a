"""Addresses below /api/."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import DefaultRouter

from apps.api.docs import ApiDocs, ApiDocsScript
from apps.api.resources.accounts import VenueAccounts
from apps.api.resources.books import Balances
from apps.api.resources.bots import Bots, Strategies
from apps.api.resources.execution import ExecutionQuality
from apps.api.resources.governance import ChangeRequests, Halts, Limits
from apps.api.resources.market import Candles, Instruments
from apps.api.resources.me import Me
from apps.api.resources.order_groups import OrderGroups
from apps.api.resources.reconciliation import Cases, Comparisons, ReconciliationReports
from apps.api.resources.records import AuditEvents
from apps.api.resources.simulator import FAULT_ROUTES
from apps.api.resources.trading import Fills, Orders, Positions
from apps.ops.views import readyz

router = DefaultRouter()
router.include_root_view = False
for prefix, resource in {
    "bots": Bots,
    "strategies": Strategies,
    "orders": Orders,
    "order-groups": OrderGroups,
    "execution-quality": ExecutionQuality,
    "fills": Fills,
    "positions": Positions,
    "balances": Balances,
    "instruments": Instruments,
    "candles": Candles,
    "venue-accounts": VenueAccounts,
    "limits": Limits,
    "halts": Halts,
    "change-requests": ChangeRequests,
    "reconciliation/cases": Cases,
    "reconciliation/comparisons": Comparisons,
    "reconciliation/reports": ReconciliationReports,
    "audit-events": AuditEvents,
}.items():
    router.register(prefix, resource, basename=prefix.replace("/", "-"))

app_name = "api"
urlpatterns = [
    path("v1/health", readyz, name="health"),
    path("v1/me/", Me.as_view(), name="me"),
    *FAULT_ROUTES,
    path("v1/", include(router.urls)),
    path(
        "schema/",
        SpectacularAPIView.as_view(permission_classes=[], authentication_classes=[]),
        name="schema",
    ),
    path("docs/", ApiDocs.as_view(), name="docs"),
    path("docs/script.js", ApiDocsScript.as_view(), name="docs-script"),
]
