"""Every other address."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import resolve

from apps.dashboard.access import everyone, not_found


@everyone
def missing(request: HttpRequest) -> HttpResponse:
    """Say that there is no such page; one that only lacks its last slash is one step away."""
    path = request.path_info
    is_cut = request.method in {"GET", "HEAD"} and not path.endswith("/")
    if is_cut and resolve(f"{path}/").func is not missing:
        return redirect(request.get_full_path(force_append_slash=True))
    return not_found(request)
