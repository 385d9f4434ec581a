"""The rows that a scenario stands on, with ids that depend on its name alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from django.db import connection, transaction

from apps.bots.models import Bot, BotConfig, BotConfigInstrument
from apps.marketdata.models import Instrument, Quote
from apps.simulator.domain.instruments import listed
from apps.strategies.models import Strategy, StrategyVersion
from apps.venues.models import VenueAccount
from tests.factories.ledger import open_ledger

PRICES = {"BTC/USDT": "50000", "ETH/USDT": "2000"}


def make_instruments(at: datetime) -> dict[str, Instrument]:
    """The exchange's instruments, with numbers that never differ."""
    made = {}
    for number, symbol in enumerate(PRICES, start=9001):
        rules = listed(symbol)
        made[symbol] = Instrument.objects.update_or_create(
            venue="binance",
            environment="simulated",
            symbol=symbol,
            defaults={
                "id": number, "base": rules.base, "quote": rules.quote, "price_tick": rules.tick,
                "amount_step": rules.step, "amount_min": rules.step, "cost_min": rules.cost_min,
                "updated_at": at,
            },
        )[0]  # fmt: skip
    return made


def make_version(at: datetime) -> StrategyVersion:
    """The strategy that the bots are said to run."""
    strategy = Strategy.objects.get_or_create(name="simulated", defaults={"title": "none"})[0]
    return StrategyVersion.objects.get_or_create(
        strategy=strategy, source_hash="0" * 64,
        defaults={"version": "1", "schema": {}, "created_at": at},
    )[0]  # fmt: skip


@dataclass
class Rows:
    """An account with its bots; `name` makes their ids."""

    name: str
    at: datetime
    instruments: dict[str, Instrument]
    version: StrategyVersion
    bot_count: int = 1
    balances: dict[str, str] = field(default_factory=lambda: {"USDT": "100000000"})
    send_within: timedelta = timedelta(hours=1)
    prices: dict[str, str] = field(default_factory=lambda: dict(PRICES))
    protection: dict[str, Any] = field(default_factory=lambda: {"stop_loss": "0.05"})

    def __post_init__(self) -> None:
        with transaction.atomic():
            self.account = VenueAccount(
                id=self.id("account"), slug=self.name, name=self.name, venue="binance",
                environment="simulated",
            )  # fmt: skip
            VenueAccount.objects.bulk_create([self.account])
            self.bots = [self._bot(number) for number in range(self.bot_count)]
            self._keep()
            open_ledger(
                account_id=self.account.id,
                balances={asset: Decimal(amount) for asset, amount in self.balances.items()},
            )

    def id(self, word: str) -> Any:
        return uuid5(NAMESPACE_OID, f"{self.name}/{word}")

    def _bot(self, number: int) -> Bot:
        return Bot(
            id=self.id(f"bot{number}"), slug=f"{self.name}-{number}", name=self.name,
            account=self.account, state="running", state_since=self.at, stage_since=self.at,
        )  # fmt: skip

    def _config(self, number: int) -> BotConfig:
        return BotConfig(
            id=self.id(f"config{number}"), bot=self.bots[number], number=1,
            strategy_version=self.version, timeframe="1h", parameters={},
            sizing={"mode": "fixed_cost", "cost": "100"}, protection=self.protection,
            content_hash=f"{number}", created_by="simulation", created_by_name="simulation",
            created_at=self.at,
        )  # fmt: skip

    def _keep(self) -> None:
        """Insert the bots, their terms and instruments: as few statements as tables."""
        Bot.objects.bulk_create(self.bots)
        configs = [self._config(number) for number in range(self.bot_count)]
        BotConfig.objects.bulk_create(configs)
        for bot, config in zip(self.bots, configs, strict=True):
            bot.config = config
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE bots_bot b SET config_id = c.id FROM bots_botconfig c"
                " WHERE c.bot_id = b.id AND b.account_id = %s",
                [self.account.id],
            )
        BotConfigInstrument.objects.bulk_create(
            BotConfigInstrument(config=config, instrument=instrument)
            for config in configs
            for instrument in self.instruments.values()
        )

    def quote(self, symbol: str, last: Decimal, at: datetime) -> None:
        values = {"bid": last, "ask": last, "last": last, "at": at, "observed_at": at}
        Quote.objects.update_or_create(instrument=self.instruments[symbol], defaults=values)
