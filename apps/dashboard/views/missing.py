"""Every other address."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from apps.dashboard.access import everyone, not_found


@everyone
def missing(request: HttpRequest) -> HttpResponse:
    """Say that there is no such page."""
    return not_found(request)
