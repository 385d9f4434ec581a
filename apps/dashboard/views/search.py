"""The palette's answers, and the same as a page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.dashboard.access import requires, rights_of
from apps.dashboard.context import navigation
from apps.dashboard.queries.search import Hit, search


@requires("view_desk")
def palette(request: HttpRequest) -> HttpResponse:
    """Find pages, bots, orders and requests."""
    text = request.GET.get("q", "")[:100]
    entries = navigation(request.path, rights_of(request.user))
    pages = [Hit(entry["word"], "page", entry["address"]) for entry in entries]
    context = {"hits": search(text, pages=pages), "query": text, "live": {}}
    fragment = request.headers.get("HX-Request")
    return render(request, "components/hits.html" if fragment else "pages/search.html", context)
