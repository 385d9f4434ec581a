"""A bot with everything the gates ask for, and the people around it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.db import connection

from apps.bots.models import Bot
from apps.core.clock import now
from apps.orders.models import Order
from apps.portfolio.models import Position, RoundTrip
from apps.reconciliation.models import Comparison
from apps.risk.domain.defaults import REQUIRED
from apps.risk.models import Limit
from apps.strategies.actions.sync_catalogue import sync_catalogue
from apps.strategies.models import StrategyVersion
from tests.factories import make_account, make_bot, make_instrument, make_order


def ready_bot(*, author=None, days: int = 20, stage_evidence: bool = True, **values) -> Bot:
    """A stopped paper bot on BTC/USDT whose gates all pass for testnet."""
    sync_catalogue()
    version = StrategyVersion.objects.get(strategy__name="sma_cross")
    config = {"strategy_version": version, "parameters": {}}
    if author is not None:
        config |= {"created_by": str(author.pk), "created_by_name": author.username}
    bot = make_bot(
        **{
            "state": "stopped", "stage_since": now() - timedelta(days=days), "config": config,
            "instruments": [make_instrument(symbol="BTC/USDT")], "account": make_account(),
        } | values,
    )  # fmt: skip
    for name in REQUIRED:
        Limit.objects.get_or_create(
            scope_kind="desk", scope_id="", name=name,
            defaults={"value": 1000, "set_at": now(), "set_by": "tests"},
        )  # fmt: skip
    if stage_evidence:
        give_evidence(bot)
    return bot


def give_evidence(bot: Bot, *, round_trips: int = 20) -> None:
    """Trades, cycles, stops and comparisons for the bot's present stage."""
    instrument = bot.config.instruments.get().instrument
    for _ in range(round_trips):
        RoundTrip.objects.create(
            bot=bot, instrument=instrument, stage=bot.stage, opened_at=now(), closed_at=now(),
            profit=Decimal(1), fees=Decimal(0), entry_cost=Decimal(100), exit_cost=Decimal(101),
            reconciled_at=now(),
        )  # fmt: skip
    add_cycles(bot, count=24)
    make_order(
        bot, instrument, purpose="protect", type="stop_market", side="sell", stop_price=90,
        status="canceled", acknowledged_at=now(), ended_at=now(),
    )  # fmt: skip
    compare(bot)


def add_cycles(bot: Bot, *, count: int, status: str = "done") -> None:
    """The last hourly cycles of the bot."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bots_cycle (bot_id, scheduled_for, config_id, status, opened_at, closed_at)"
            " SELECT %s, date_trunc('hour', now()) - n * interval '1 hour'"
            "   - CASE WHEN %s = 'failed' THEN interval '1 second' ELSE interval '0' END,"
            " %s, %s, now(), now() FROM generate_series(1, %s) n ON CONFLICT DO NOTHING",
            [bot.pk, status, bot.config_id, status, count],
        )


def compare(bot: Bot, **values) -> None:
    """A clean comparison of orders and of balances just now."""
    defaults = {"started_at": now(), "finished_at": now(), "compared": 3, "equal": 3}
    for kind in ("orders", "balances"):
        Comparison.objects.create(account=bot.account, kind=kind, **defaults | values)


def hold(bot: Bot, *, amount: str = "1", protected: str | None = None) -> None:
    """An open position, with a resting stop of `protected` units."""
    instrument = bot.config.instruments.get().instrument
    Position.objects.create(
        account=bot.account, bot=bot, instrument=instrument, amount=Decimal(amount),
        updated_at=now(), opened_at=now(),
    )  # fmt: skip
    if protected:
        make_order(
            bot, instrument, purpose="protect", type="stop_market", side="sell", stop_price=90,
            amount=Decimal(protected), status="open", acknowledged_at=now(),
        )  # fmt: skip


def unknown_order(bot: Bot) -> Order:
    """An order whose fate nobody knows."""
    return make_order(bot, bot.config.instruments.get().instrument, status="unknown")
