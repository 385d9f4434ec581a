"""One bot: what it holds, what stands at the venue, what it decided and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from apps.bots.models import Bot, BotConfig, Cycle
from apps.core.errors import NotFound
from apps.dashboard.domain import formats
from apps.dashboard.domain.formats import Cell
from apps.dashboard.domain.live import Live, version
from apps.dashboard.domain.states import badge
from apps.dashboard.queries.orders import open_orders_of
from apps.dashboard.queries.positions import Holding, holdings
from apps.dashboard.queries.trading_states import Held, binding, restrictions_in_force, strictest
from apps.marketdata.clock import market_now
from apps.portfolio.models import DailyResult, RoundTrip
from apps.risk.models import Limit

DECISIONS_SHOWN = 50
LAST_SQL = """
SELECT (SELECT max(closed_at) FROM bots_cycle WHERE bot_id = %(bot)s),
       (SELECT max(scheduled_for) FROM bots_cycle WHERE bot_id = %(bot)s AND status <> 'open'),
       (SELECT outcome FROM bots_cycle WHERE bot_id = %(bot)s AND status <> 'open'
        ORDER BY scheduled_for DESC LIMIT 1),
       (SELECT max(recorded_at) FROM orders_fill WHERE bot_id = %(bot)s)
"""


@dataclass(frozen=True, slots=True)
class BotPage:
    """All that the head, the side and the overview of a bot's page show."""

    bot: Bot
    restrictions: list[Held]
    trading_state: str
    holdings: list[Holding]
    open_orders: list[dict[str, Any]]
    limits: dict[str, Decimal]
    symbols: list[dict[str, Any]]
    live: Live


def bot_named(slug: str) -> Bot:
    """Return a bot with account, config and strategy.

    :raises NotFound: no bot has this slug.
    """
    related = ("account", "config__strategy_version__strategy", "stage_request")
    bot = Bot.objects.select_related(*related).filter(slug=slug).first()
    if bot is None:
        raise NotFound("UNKNOWN_BOT", bot=slug)
    return bot


def scope_of(bot: Bot) -> dict[str, Any]:
    """Return the bot as the keys that restrictions are matched by."""
    strategy = bot.config.strategy_version.strategy.name if bot.config else ""
    return {
        "id": bot.pk, "stage": bot.stage, "account_id": bot.account_id,
        "venue": bot.account.venue, "strategy": strategy,
    }  # fmt: skip


def read_bot(slug: str) -> BotPage:
    """Return one bot's page (8 statements).

    :raises NotFound: no bot has this slug.
    """
    bot = bot_named(slug)
    restrictions = binding(restrictions_in_force(), scope_of(bot))
    held = strictest(restrictions)
    state = held.state if held else "active"
    positions, orders = holdings(bot_id=bot.pk), open_orders_of(bot.pk)
    mine = Limit.objects.filter(scope_kind="bot", scope_id=str(bot.pk))
    limits = dict(mine.order_by().values_list("name", "value"))
    symbols = _instruments(bot)
    with connection.cursor() as cursor:
        cursor.execute(LAST_SQL, {"bot": bot.pk})
        decided_at, last_cycle, outcome, last_fill = cursor.fetchone()
    values = _values(bot, positions, limits) | {
        "bot.decided": formats.age_cell(decided_at),
        "bot.outcome": formats.plain_cell(badge(outcome)[1] if outcome else formats.MISSING),
        "bot.orders": formats.plain_cell(str(len(orders))),
    }
    shown = [(o["id"], o["status"], o["filled"], o["cancel_requested_at"]) for o in orders]
    versions = {
        "head": version(
            bot.state, bot.stage, bot.state_reason, bot.config_id, [r.id for r in restrictions]
        ),
        "positions": version([(row.key, row.is_flat, row.legs) for row in positions]),
        "orders": version(shown, last_fill),
        "decisions": version(last_cycle),
        "chart": version(last_cycle, last_fill, shown, [row.mark for row in positions]),
    }
    return BotPage(
        bot, restrictions, state, positions, orders, limits, symbols, Live(values, versions)
    )


def read_bot_live(slug: str) -> Live:
    """Return what stays live on a bot's page; nothing for a bot that is not there."""
    try:
        return read_bot(slug).live
    except NotFound:
        return Live()


def _values(bot: Bot, positions: list[Holding], limits: dict[str, Decimal]) -> dict[str, Cell]:
    """Return the live values of the whole bot and of each holding."""
    values: dict[str, Cell] = {}
    for row in positions:
        values |= row.cells()
    priced = all(row.value is not None for row in positions if not row.is_flat)
    exposure = sum((row.value or Decimal(0) for row in positions if not row.is_flat), Decimal(0))
    unrealised = sum((row.unrealised or Decimal(0) for row in positions), Decimal(0))
    realised = sum((row.realised - row.fees for row in positions), Decimal(0))
    today = DailyResult.objects.filter(bot=bot, day=market_now().astimezone(UTC).date()).first()
    realised_today = today.realised_profit - today.fees if today else Decimal(0)
    limit = limits.get("gross_exposure")
    loss, loss_limit = max(Decimal(0), -(realised_today + unrealised)), limits.get("daily_loss")
    return values | {
        "bot.exposure": formats.plain_cell(
            f"{formats.number(exposure) if priced else formats.UNKNOWN} / {formats.number(limit)}"
        ),
        "bot.exposure_bar": formats.bar_cell(exposure, limit),
        "bot.open": formats.profit_cell(unrealised if priced else None),
        "bot.realised": formats.profit_cell(realised),
        "bot.today": formats.profit_cell(realised_today + unrealised if priced else None),
        "bot.loss": formats.plain_cell(f"{formats.number(loss)} / {formats.number(loss_limit)}"),
        "bot.loss_bar": formats.bar_cell(loss, loss_limit),
    }


def _instruments(bot: Bot) -> list[dict[str, Any]]:
    if bot.config is None:
        return []
    rows = bot.config.instruments.order_by("instrument__symbol")
    return [dict(row) for row in rows.values("instrument_id", "instrument__symbol")]


def decisions_of(bot_id: UUID, *, before: Any = None) -> list[dict[str, Any]]:
    """Return the newest decisions of a bot, each with what it saw, wanted and was refused."""
    found = Cycle.objects.filter(bot_id=bot_id)
    if before is not None:
        found = found.filter(scheduled_for__lt=before)
    columns = (
        "scheduled_for",
        "status",
        "outcome",
        "seen",
        "wanted",
        "codes",
        "opened_at",
        "closed_at",
    )
    return [dict(zip(columns, row, strict=True)) for row in found.order_by("-scheduled_for").values_list(*columns)[:DECISIONS_SHOWN]]  # fmt: skip


def configs_of(bot_id: UUID) -> list[BotConfig]:
    """Return a bot's config versions, newest first, with their instruments (two statements)."""
    found = BotConfig.objects.filter(bot_id=bot_id).select_related("strategy_version__strategy")
    return list(found.prefetch_related("instruments__instrument")[:30])


def results_of(bot_id: UUID) -> tuple[list[DailyResult], list[RoundTrip]]:
    """Return a bot's last 30 days and last 100 round trips (two statements)."""
    days = DailyResult.objects.filter(bot_id=bot_id).order_by("-day")[:30]
    trips = RoundTrip.objects.filter(bot_id=bot_id).select_related("instrument")[:100]
    return list(days), list(trips)
