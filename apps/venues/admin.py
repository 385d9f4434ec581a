"""Admin pages of venues: accounts are added and archived; keys are written, never read."""

from __future__ import annotations

from django.contrib import admin

from apps.core.admin import RecordAdmin
from apps.venues.models import VenueAccount


@admin.register(VenueAccount)
class VenueAccountAdmin(RecordAdmin):
    """Venue accounts as metadata; add, test and rotate them on the Accounts screen."""

    needs = "view_operations"
    group = "Configure"
    hidden = ("api_key_sealed", "api_secret_sealed")
    list_display = (
        "slug",
        "name",
        "venue",
        "environment",
        "key_fingerprint",
        "key_set_at",
        "archived_at",
    )
    list_filter = ("venue", "environment")
    search_fields = ("slug", "name")
