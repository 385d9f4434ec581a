"""A synthetic fleet in a database: ten plans, ten instruments, written in bulk."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
from django.db import connection, connections, transaction

from apps.audit.context import acting
from apps.bots.models import Bot, BotConfig, BotConfigInstrument, BotTarget
from apps.core.actor import Actor
from apps.core.clock import from_ms, now, to_ms
from apps.marketdata.actions.advance_clock import advance_clock
from apps.marketdata.actions.store_candles import store_candles
from apps.marketdata.actions.store_quotes import store_quotes
from apps.marketdata.models import Instrument
from apps.portfolio.models import Position
from apps.risk.models import Limit
from apps.strategies.actions.sync_catalogue import sync_catalogue
from apps.strategies.queries import running_version
from apps.trading.actions.run_cycle import run_cycle
from apps.trading.queries.due import due_batches
from apps.venues.domain.reports import CandleRow, QuoteRow
from tests.factories import make_account, make_instrument
from tests.factories.ledger import open_ledger

SIZING = {"mode": "fixed_cost", "cost": "100", "order_type": "market", "max_fraction": "0.5"}


class Fleet:
    """Bots of four strategies on 1-minute candles; `cycle` runs the batch that is due."""

    def __init__(
        self, *, size: int, instruments: int, per_bot: int, history: int, close_ms: int
    ) -> None:
        sync_catalogue()
        self.per_bot = per_bot
        self.random = np.random.default_rng(7)
        self.at: datetime = from_ms(close_ms)
        self.account = make_account()
        self.symbols = [f"C{number}/USDT" for number in range(instruments)]
        self.instruments = [make_instrument(symbol=s, stop_orders_max=30_000) for s in self.symbols]
        open_ledger(account_id=self.account.id, balances={"USDT": Decimal(10**9)})
        self._lift_limits()
        self.closes = np.full(instruments, 100.0)
        self._write_history(history)
        self.bots = self._write_bots(size)
        advance_clock(to=self.at)

    def _lift_limits(self) -> None:
        names = ("order_cost", "position_cost", "gross_exposure", "daily_loss", "open_orders")
        with transaction.atomic(), acting(actor=Actor.task("benchmark"), verb="set up"):
            Limit.objects.bulk_create(
                Limit(scope_kind="desk", name=name, value=10**12, set_at=now(), set_by="benchmark")
                for name in names
            )

    def _write_history(self, count: int) -> None:
        """Store closes that fall gently, so that at first nobody wants anything."""
        first = to_ms(self.at) - count * 60_000
        rows = []
        for number in range(count):
            self.closes = self.closes * 0.9999
            rows += self._rows(first + number * 60_000)
        store_candles(venue="binance", environment="simulated", rows=rows)

    def _rows(self, ts: int) -> list[CandleRow]:
        return [
            CandleRow(s, "1m", ts, float(c), float(c) * 1.0001, float(c) * 0.9999, float(c), 5.0)
            for s, c in zip(self.symbols, self.closes, strict=True)
        ]

    def _write_bots(self, size: int) -> list[Bot]:
        version = running_version("sma_cross")
        plans = [{"fast": 5 + n, "slow": 30 + n} for n in range(10)]
        at = now()
        bots = [
            Bot(slug=f"bot-{n:05d}", name=f"Bot {n}", account=self.account, state="running", state_since=at, stage_since=at)
            for n in range(size)
        ]  # fmt: skip
        with transaction.atomic():
            Bot.objects.bulk_create(bots, batch_size=2000)
            configs = [
                BotConfig(
                    bot=bot, number=1, strategy_version=version, timeframe="1m", parameters=plans[n % 10],
                    sizing=SIZING, protection={"stop_loss": "0.05"}, content_hash="", created_by="",
                    created_by_name="", created_at=at,
                )
                for n, bot in enumerate(bots)
            ]  # fmt: skip
            BotConfig.objects.bulk_create(configs, batch_size=2000)
            BotConfigInstrument.objects.bulk_create(
                [
                    BotConfigInstrument(config=config, instrument=instrument)
                    for number, config in enumerate(configs)
                    for instrument in self.of_bot(number)
                ],
                batch_size=5000,
            )
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE bots_bot b SET config_id = c.id FROM bots_botconfig c WHERE c.bot_id = b.id"
                )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return bots

    def of_bot(self, number: int) -> list[Instrument]:
        """Return the instruments of the bot with this number: neighbours on a ring."""
        count = len(self.instruments)
        return [self.instruments[(number + k) % count] for k in range(self.per_bot)]

    def hold_positions(self) -> None:
        """Let every bot hold what it wants of every instrument."""
        pairs = [(bot, i) for n, bot in enumerate(self.bots) for i in self.of_bot(n)]
        at = now()
        BotTarget.objects.bulk_create(
            [BotTarget(bot=b, instrument=i, exposure=0.0, target_amount=1, changed_at=at) for b, i in pairs],
            batch_size=10_000, ignore_conflicts=True,
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("UPDATE bots_bottarget SET exposure = 0, target_amount = 1")
        Position.objects.bulk_create(
            [Position(account=self.account, bot=b, instrument=i, amount=1, basis=99, opened_at=at, updated_at=at) for b, i in pairs],
            batch_size=10_000,
        )  # fmt: skip
        self._quote()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def _quote(self) -> None:
        rows = [
            QuoteRow(s, None, None, Decimal(str(round(c, 2))), to_ms(self.at))
            for s, c in zip(self.symbols, self.closes, strict=True)
        ]
        store_quotes(venue="binance", environment="simulated", rows=rows)

    def next_candle(self, length: timedelta) -> None:
        """Move the market one candle on."""
        self.closes = self.closes * 0.9999
        store_candles(venue="binance", environment="simulated", rows=self._rows(to_ms(self.at)))
        self.at += length
        advance_clock(to=self.at)
        self._quote()

    def upset(self, *, share: int) -> None:
        """Let one bot in `share` want nothing of its first instrument any more."""
        ids = [bot.pk for bot in self.bots[::share]]
        chosen = BotTarget.objects.filter(bot_id__in=ids, instrument=self.instruments[0])
        chosen.update(target_amount=0)

    def cycle(self) -> tuple[int, int]:
        """Run what is due; return statements and orders."""
        counter = _Counter()
        with connection.execute_wrapper(counter):
            orders = 0
            for due in due_batches(at=self.at):
                summary = run_cycle(account_id=due.account_id, timeframe=due.timeframe, at=due.at)
                orders += summary.ordered
        return counter.count, orders

    def close(self) -> None:
        """Close the connections, so that the database can be dropped."""
        connections.close_all()


class _Counter:
    """Counts statements."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute, sql, params, many, context):
        self.count += 1
        return execute(sql, params, many, context)
