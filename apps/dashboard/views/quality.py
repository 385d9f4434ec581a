"""Execution quality: of every bot and account, and of one bot."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.dashboard.access import requires, rights_of
from apps.dashboard.queries import quality as reads
from apps.dashboard.queries.bot import read_bot
from apps.dashboard.views.bot import bot_context
from apps.supervision.domain.execution import LAST_ORDERS, SAMPLE_MIN, WINDOW_HOURS

WORDS: dict[str, Any] = {
    "last_orders": LAST_ORDERS, "window_hours": WINDOW_HOURS, "sample_min": SAMPLE_MIN,
}  # fmt: skip


@requires("view_desk")
def quality(request: HttpRequest) -> HttpResponse:
    """Show rolling slippage, latency, filled part and rejects against their thresholds."""
    context = {"rows": reads.read_quality(), "thresholds": reads.thresholds(), "live": {}} | WORDS
    part = request.GET.get("part") == "quality"
    return render(request, "quality/body.html" if part else "quality/page.html", context)


@requires("view_desk")
def bot_quality(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how one bot's last orders were executed."""
    page = read_bot(slug)
    context = bot_context(page, "quality", rights_of(request.user)) | WORDS
    context |= {
        "rows": reads.read_quality(bot_id=page.bot.pk),
        "thresholds": reads.thresholds(),
        "latest": reads.latest_of(page.bot.pk),
    }
    return render(request, "bot/quality.html", context)
