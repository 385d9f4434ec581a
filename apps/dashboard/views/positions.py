"""What is held."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.dashboard.access import requires
from apps.dashboard.queries.positions import read_positions, totals_by, totals_by_stage


@requires("view_desk")
def positions(request: HttpRequest) -> HttpResponse:
    """Show every position with its protection, and totals for each stage alone."""
    found = read_positions()
    context = {
        "found": found,
        "live": found.live.values,
        "totals": totals_by_stage(found.rows),
        "groups": [
            (title, totals_by(found.rows, what))
            for title, what in (("By bot", "bot"), ("By venue", "venue"), ("By asset", "base"))
        ],
    }
    part = request.GET.get("part") == "positions"
    return render(request, "pages/position_list.html" if part else "pages/positions.html", context)
