"""A small desk with its own market clock: one account, instruments, bots, candles by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from apps.bots.actions.create_bot import create_bot
from apps.bots.actions.start import start
from apps.bots.actions.write_config import write_config
from apps.bots.domain.configs import ConfigContent
from apps.bots.models import Bot, Cycle
from apps.core.actor import Actor
from apps.core.clock import from_ms, to_ms
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.marketdata import queries as market_queries
from apps.marketdata.actions.advance_clock import advance_clock
from apps.marketdata.actions.store_candles import store_candles
from apps.marketdata.models import Instrument
from apps.strategies.actions.sync_catalogue import sync_catalogue
from apps.trading.actions.run_cycle import CycleSummary, run_cycle
from apps.venues.domain.reports import CandleRow
from apps.venues.models import VenueAccount
from tests.factories import make_account, make_instrument, make_perpetual
from tests.factories.ledger import open_ledger

ANNA = Actor("person", "7", "Anna", "operator")
T0 = from_ms(1_683_028_800_000)  # 2023-05-02 12:00
CROSS = {"fast": 2, "slow": 4}


@dataclass
class Desk:
    """`at` is the market's time; candles are of `timeframe` and their closes chosen by the test."""

    symbols: list[str] = field(default_factory=lambda: ["BTC/USDT"])
    timeframe: str = "1h"
    equity: str = "100000"
    at: datetime = T0
    account: VenueAccount = None  # type: ignore[assignment]
    instruments: list[Instrument] = field(default_factory=list)

    def __post_init__(self) -> None:
        market_queries.forget()
        sync_catalogue()
        self.account = self.account or make_account()
        self.instruments = [
            make_perpetual(symbol) if ":" in symbol else make_instrument(symbol=symbol)
            for symbol in self.symbols
        ]
        open_ledger(account_id=self.account.id, balances={"USDT": Decimal(self.equity)})
        advance_clock(to=self.at)

    @property
    def length(self) -> timedelta:
        return timedelta(milliseconds=TIMEFRAME_MS[self.timeframe])

    def bot(self, slug: str = "first", *, symbols: list[str] | None = None, **content: Any) -> Bot:
        """A running SMA-cross bot of 1,000 USDT a position with a stop 5 % below."""
        bot = create_bot(actor=ANNA, slug=slug, name=slug, account_id=self.account.id)
        words = {
            "strategy": "sma_cross",
            "timeframe": self.timeframe,
            "symbols": tuple(symbols or self.symbols),
            "sizing": {"mode": "fixed_cost", "cost": "1000"},
            "protection": {"stop_loss": "0.05"},
            "parameters": CROSS,
        }
        write_config(
            actor=ANNA, bot_id=bot.id, content=ConfigContent(**words | content), reason="test"
        )
        return start(actor=ANNA, bot_id=bot.id)

    def history(self, closes: list[float], symbol: str | None = None) -> None:
        """Store candles whose last one closes now."""
        for wanted in [symbol] if symbol else self.symbols:
            first = to_ms(self.at) - len(closes) * TIMEFRAME_MS[self.timeframe]
            self.store(wanted, closes, first_ms=first)

    def store(
        self, symbol: str, closes: Any, *, first_ms: int, timeframe: str | None = None
    ) -> None:
        timeframe = timeframe or self.timeframe
        closes = np.asarray(closes, float)
        opens = np.r_[closes[:1], closes[:-1]]
        rows = [
            CandleRow(
                symbol, timeframe, first_ms + n * TIMEFRAME_MS[timeframe], float(o),
                float(max(o, c)), float(min(o, c)), float(c), 10.0,
            )
            for n, (o, c) in enumerate(zip(opens, closes, strict=True))
        ]  # fmt: skip
        store_candles(venue=self.account.venue, environment="simulated", rows=rows)

    def step(self, *closes: float) -> None:
        """Move the market's time to the next close; `closes` by symbol, none for a missing candle."""
        first = to_ms(self.at)
        for symbol, close in zip(self.symbols, closes, strict=False):
            self.store(symbol, [close], first_ms=first)
        self.at += self.length
        advance_clock(to=self.at)

    def wait(self, seconds: float) -> None:
        """Let market time pass without a candle."""
        advance_clock(to=self.at + timedelta(seconds=seconds))

    def cycle(self) -> CycleSummary:
        return run_cycle(account_id=self.account.id, timeframe=self.timeframe, at=self.at)

    def decision(self, bot: Bot) -> Cycle:
        return Cycle.objects.get(bot=bot, scheduled_for=self.at)
