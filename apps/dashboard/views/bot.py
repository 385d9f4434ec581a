"""A bot's page: overview, orders, fills, profit, decisions, and its chart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render

from apps.bots.domain.stages import REAL_MONEY
from apps.core.errors import NotFound
from apps.dashboard.access import Rights, requires, rights_of
from apps.dashboard.acts.bots import ACTS
from apps.dashboard.queries.bot import BotPage, bot_named, decisions_of, read_bot, results_of
from apps.dashboard.queries.chart import read_chart
from apps.dashboard.queries.orders import fills, orders
from apps.dashboard.queries.pages import page_of
from apps.marketdata.models import Instrument

TABS = (
    ("", "Overview"), ("orders", "Orders"), ("fills", "Fills"), ("profit", "Profit"),
    ("quality", "Execution"), ("decisions", "Decisions"), ("config", "Config"), ("go-live", "Go-live"),
)  # fmt: skip
REGIONS = {
    "head": "bot/head.html",
    "positions": "bot/positions.html",
    "orders": "bot/open_orders.html",
}


def bot_context(page: BotPage, tab: str, rights: Rights) -> dict[str, Any]:
    """Return what head, tabs and side of every tab need."""
    bot = page.bot
    return {
        "page": page, "bot": bot, "live": page.live.values, "tab": tab, "tabs": TABS,
        "base": f"/bots/{bot.slug}/", "acts": acts_for(page, rights),
        "halted": next((r for r in page.restrictions if r.code == "HALT" and r.scope_kind == "bot"), None),
    }  # fmt: skip


def acts_for(page: BotPage, rights: Rights) -> list[str]:
    """Return the verbs that fit the bot's state and this person."""
    bot = page.bot
    found = [
        name for name, act in ACTS.items() if bot.state in act.states and act.permission in rights
    ]
    if bot.stage in REAL_MONEY | {"testnet"} and ACTS["demote"].permission in rights:
        found.append("demote")
    return found


@requires("view_desk")
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """Show chart, position, protection, open orders; `?part=` asks for one region alone."""
    page = read_bot(slug)
    context = bot_context(page, "", rights_of(request.user))
    wanted = request.GET.get("instrument", "")
    shown = next((row for row in page.symbols if str(row["instrument_id"]) == wanted), None)
    context |= {
        "decisions": decisions_of(page.bot.pk)[:8],
        "shown": shown or next(iter(page.symbols), None),
    }
    return render(request, REGIONS.get(request.GET.get("part", ""), "bot/overview.html"), context)


@requires("view_desk")
def bot_orders(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the bot's orders, newest first."""
    page = read_bot(slug)
    context = bot_context(page, "orders", rights_of(request.user))
    context["list"] = page_of(orders(_of_bot(request, slug)), request.GET)
    return render(request, "bot/orders.html", context)


@requires("view_desk")
def bot_fills(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the bot's fills, newest first."""
    page = read_bot(slug)
    context = bot_context(page, "fills", rights_of(request.user))
    context["list"] = page_of(fills(_of_bot(request, slug)), request.GET)
    return render(request, "bot/fills.html", context)


@requires("view_desk")
def profit(request: HttpRequest, slug: str) -> HttpResponse:
    """Show profit by day and by round trip."""
    page = read_bot(slug)
    days, trips = results_of(page.bot.pk)
    context = bot_context(page, "profit", rights_of(request.user))
    wins = [trip for trip in trips if trip.profit > 0]
    context |= {
        "days": [(day, day.realised_profit - day.fees) for day in days],
        "trips": trips,
        "win_share": f"{len(wins)} of {len(trips)}" if trips else "–",
    }
    return render(request, "bot/profit.html", context)


@requires("view_desk")
def decisions(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what the bot decided at each candle, and why."""
    page = read_bot(slug)
    context = bot_context(page, "decisions", rights_of(request.user))
    rows = decisions_of(page.bot.pk, before=_moment(request.GET.get("before", "")))
    context |= {
        "decisions": rows,
        "older": rows[-1]["scheduled_for"].isoformat() if len(rows) == 50 else "",
    }
    template = (
        "bot/decision_rows.html" if request.GET.get("part") == "decisions" else "bot/decisions.html"
    )
    return render(request, template, context)


@requires("view_desk")
def chart(_: HttpRequest, slug: str, instrument_id: int) -> JsonResponse:
    """Return what the chart of one instrument draws.

    :raises NotFound: the bot does not trade it.
    """
    bot = bot_named(slug)
    found = Instrument.objects.filter(
        pk=instrument_id, botconfiginstrument__config__bot=bot
    ).first()
    if found is None or bot.config is None:
        raise NotFound("INSTRUMENT_NOT_OF_BOT", bot=slug, instrument=instrument_id)
    return JsonResponse(read_chart(bot_id=bot.pk, instrument=found, timeframe=bot.config.timeframe))


def _of_bot(request: HttpRequest, slug: str) -> QueryDict:
    chosen = request.GET.copy()
    chosen["bot"] = slug
    return chosen


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
