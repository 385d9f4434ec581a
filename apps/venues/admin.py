"""Admin pages of venues: accounts are added and archived; keys are written, never read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path

from apps.core.admin import RecordAdmin
from apps.venues.domain import capability_table
from apps.venues.models import CardRun, VenueAccount


@admin.register(VenueAccount)
class VenueAccountAdmin(RecordAdmin):
    """Venue accounts as metadata; add, test and rotate them on the Accounts screen."""

    needs = "view_operations"
    group = "Configure"
    change_list_template = "admin/venues/venueaccount/change_list.html"
    hidden = ("api_key_sealed", "api_secret_sealed", "api_password_sealed")
    list_display = (
        "slug",
        "name",
        "venue",
        "environment",
        "sandbox",
        "position_mode",
        "margin_mode",
        "key_fingerprint",
        "key_set_at",
        "archived_at",
    )
    list_filter = ("venue", "environment")
    search_fields = ("slug", "name")

    def get_urls(self) -> list[Any]:
        """Add the page of what each venue can do."""
        page = self.admin_site.admin_view(self.capabilities)
        return [
            path("capabilities/", page, name="venues_venueaccount_capabilities"),
            *super().get_urls(),
        ]

    def capabilities(self, request: HttpRequest) -> HttpResponse:
        """Show what each venue can do with an order, and what the desk does where it cannot."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "What each venue can do",
            "columns": capability_table.columns(),
            "rows": capability_table.rows(),
            "opts": self.model._meta,
        }
        return TemplateResponse(request, "admin/venues/venueaccount/capabilities.html", context)


@admin.register(CardRun)
class CardRunAdmin(RecordAdmin):
    """Runs of the acceptance cards on practice accounts; `manage.py venue_cards` adds one."""

    needs = "view_operations"
    list_display = (
        "account",
        "started_at",
        "finished_at",
        "passed",
        "failed",
        "skipped",
        "requested_by",
        "build",
    )
    list_filter = ("account",)
    list_select_related = ("account",)
