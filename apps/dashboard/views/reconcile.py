"""Our books against the venues': open cases and the latest comparisons."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.dashboard.access import requires
from apps.dashboard.queries.pages import page_of
from apps.reconciliation.models import Case, Comparison
from apps.venues.models import VenueAccount


@requires("view_operations")
def reconcile(request: HttpRequest) -> HttpResponse:
    """Show cases by state, and when each account was last compared."""
    state = request.GET.get("state", "open")
    cases = Case.objects.select_related("account")
    if state in {"open", "healed", "resolved"}:
        cases = cases.filter(state=state)
    accounts = VenueAccount.objects.filter(archived_at=None).order_by("slug")
    context = {
        "list": page_of(cases.order_by("-opened_at"), request.GET),
        "state": state,
        "states": ("open", "healed", "resolved", "all"),
        "latest": latest_comparisons(),
        "accounts": accounts,
        "live": {},
    }
    return render(request, "pages/reconcile.html", context)


def latest_comparisons() -> list[Comparison]:
    """Return the newest comparison of each account and kind (one statement)."""
    newest = Comparison.objects.order_by("account_id", "kind", "-started_at").distinct(
        "account_id", "kind"
    )
    return list(newest.select_related("account"))
