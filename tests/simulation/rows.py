"""The rows that a scenario stands on, with ids that depend on its name alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from django.db import connection, transaction

from apps.bots.models import Bot, BotConfig, BotConfigInstrument
from apps.core.clock import to_ms
from apps.marketdata.actions.store_quotes import store_quotes
from apps.marketdata.models import Instrument
from apps.simulator.domain.instruments import listed
from apps.strategies.models import Strategy, StrategyVersion
from apps.venues.domain.reports import QuoteRow
from apps.venues.models import VenueAccount
from tests.factories.ledger import open_ledger

# A bot may have a stop and an entry that is one; the real cap of 5 is tried with the judge.
STOP_ORDERS_MAX = 20
LEVERAGE = 5
STOP_ONLY: Mapping[str, str] = {"stop_loss": "0.05"}


@dataclass(frozen=True)
class Market:
    """Where a scenario trades: the venue, its first prices, what the account holds there."""

    venue: str
    prices: Mapping[str, str]
    balances: Mapping[str, str]
    position_mode: str = "one_way"
    margin_mode: str = "cross"

    @property
    def is_linear(self) -> bool:
        return self.venue == "binanceusdm"


SPOT = Market(
    "binance", {"BTC/USDT": "50000", "ETH/USDT": "2000"}, {"USDT": "100000000", "BNB": "1000"}
)
_LINEAR = {"BTC/USDT:USDT": "50000", "ETH/USDT:USDT": "2000"}
ONE_WAY = Market("binanceusdm", _LINEAR, {"USDT": "100000000"})
HEDGE = Market("binanceusdm", _LINEAR, {"USDT": "100000000"}, position_mode="hedge")
ISOLATED = Market("binanceusdm", _LINEAR, {"USDT": "100000000"}, margin_mode="isolated")
MARKETS = (SPOT, ONE_WAY, HEDGE, ISOLATED)


def make_instruments(at: datetime) -> dict[str, Instrument]:
    """The exchange's instruments, with numbers that never differ."""
    symbols = [(m.venue, symbol) for m in (SPOT, ONE_WAY) for symbol in m.prices]
    return {
        symbol: _instrument(number, venue, symbol, at)
        for number, (venue, symbol) in enumerate(symbols, start=9001)
    }


def _instrument(number: int, venue: str, symbol: str, at: datetime) -> Instrument:
    rules = listed(symbol)
    is_linear = ":" in symbol
    more: dict[str, Any] = {"settle": rules.quote, "leverage_max": Decimal(125),
                            "maintenance_rate": Decimal("0.005")} if is_linear else {}  # fmt: skip
    return Instrument.objects.update_or_create(
        venue=venue,
        environment="simulated",
        symbol=symbol,
        defaults={
            "id": number, "kind": "linear" if is_linear else "spot", "base": rules.base,
            "quote": rules.quote, "price_tick": rules.tick, "amount_step": rules.step,
            "amount_min": rules.step, "cost_min": rules.cost_min,
            "stop_orders_max": STOP_ORDERS_MAX, "updated_at": at, **more,
        },
    )[0]  # fmt: skip


def make_version(at: datetime) -> StrategyVersion:
    """The strategy that the bots are said to run."""
    strategy = Strategy.objects.get_or_create(name="simulated", defaults={"title": "none"})[0]
    return StrategyVersion.objects.get_or_create(
        strategy=strategy, source_hash="0" * 64,
        defaults={"version": "1", "schema": {}, "created_at": at},
    )[0]  # fmt: skip


@dataclass
class Rows:
    """An account with its bots, one for each of `protections`; `name` makes their ids."""

    name: str
    at: datetime
    instruments: dict[str, Instrument]
    version: StrategyVersion
    market: Market = SPOT
    protections: tuple[Mapping[str, str], ...] = (STOP_ONLY,)
    send_within: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        market = self.market
        self.instruments = {symbol: self.instruments[symbol] for symbol in market.prices}
        with transaction.atomic():
            self.account = VenueAccount(
                id=self.id("account"), slug=self.name, name=self.name, venue=market.venue,
                environment="simulated", position_mode=market.position_mode,
                margin_mode=market.margin_mode,
            )  # fmt: skip
            VenueAccount.objects.bulk_create([self.account])
            self.bots = [self._bot(number) for number in range(len(self.protections))]
            self._keep()
            open_ledger(
                account_id=self.account.id,
                balances={asset: Decimal(amount) for asset, amount in market.balances.items()},
            )

    def id(self, word: str) -> Any:
        return uuid5(NAMESPACE_OID, f"{self.name}/{word}")

    def _bot(self, number: int) -> Bot:
        return Bot(
            id=self.id(f"bot{number}"), slug=f"{self.name}-{number}", name=self.name,
            account=self.account, state="running", state_since=self.at, stage_since=self.at,
        )  # fmt: skip

    def _config(self, number: int) -> BotConfig:
        sizing = {"mode": "fixed_cost", "cost": "100"}
        if self.market.is_linear:
            sizing |= {"leverage": str(LEVERAGE), "margin_mode": self.market.margin_mode}
            sizing |= {"sides": "both"}
        return BotConfig(
            id=self.id(f"config{number}"), bot=self.bots[number], number=1,
            strategy_version=self.version, timeframe="1h", parameters={}, sizing=sizing,
            protection=self.protections[number], content_hash=f"{number}",
            created_by="simulation", created_by_name="simulation", created_at=self.at,
        )  # fmt: skip

    def _keep(self) -> None:
        """Insert the bots, their terms and instruments: as few statements as tables."""
        Bot.objects.bulk_create(self.bots)
        configs = [self._config(number) for number in range(len(self.bots))]
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

    def quote(self, prices: Mapping[str, Decimal], at: datetime) -> None:
        """Let the desk see these prices."""
        rows = [
            QuoteRow(symbol, last, last, last, to_ms(at), mark=last if ":" in symbol else None)
            for symbol, last in prices.items()
        ]
        store_quotes(venue=self.market.venue, environment="simulated", rows=rows)
