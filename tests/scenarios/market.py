"""A desk on a really running exchange whose market is recorded candles, one step at a time.

The driver polls what the feed would stream; all else is the desk's own code over HTTP.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection

from apps.bots.actions.create_bot import create_bot
from apps.bots.actions.start import start
from apps.bots.actions.write_config import write_config
from apps.bots.domain.configs import ConfigContent
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.clock import from_ms
from apps.marketdata import queries as market_queries
from apps.marketdata.actions.advance_clock import advance_clock
from apps.marketdata.actions.store_candles import store_candles
from apps.marketdata.actions.store_quotes import store_quotes
from apps.marketdata.actions.sync_instruments import sync_instruments
from apps.orders import invariants as of_orders
from apps.orders.actions.store_facts import store_facts
from apps.orders.queries import unfinished_orders
from apps.portfolio import invariants as of_books
from apps.portfolio.models import Balance
from apps.risk.actions.permit import close_permits
from apps.strategies.actions.sync_catalogue import sync_catalogue
from apps.trading.actions.run_account import run_account
from apps.trading.queries import quiescent
from apps.venues import gateways
from apps.venues.actions.write_keys import write_keys
from apps.venues.domain.reports import CandleRow
from apps.venues.gateways.exchanges import forget_markets
from apps.venues.gateways.loop import call
from apps.venues.models import VenueAccount
from apps.venues.queries import credentials
from tests.factories import make_account
from tests.factories.ledger import open_ledger
from tests.fixtures.simulator import HOUR_MS, START_MS, Simulator

ANNA = Actor("person", "7", "Anna", "operator")
SYMBOL = "BTC/USDT"
WEEK_MS = 7 * 24 * HOUR_MS


def write_closes(root: Path, closes: list[float], *, history: int = 48) -> Path:
    """Write BTC/USDT hours: `history` calm ones before START_MS, then `closes`."""
    folder = root / "BTC_USDT"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "1h.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["ts", "open", "high", "low", "close", "volume"])
        price = closes[0]
        for number, close in enumerate([closes[0]] * history + closes):
            ts = START_MS + (number - history) * HOUR_MS
            rows.writerow([ts, price, max(price, close), min(price, close), close, 1000.0])
            price = close
    return root


@dataclass
class Stage:
    """An exchange with a recording, a desk's account on it, and the market's time."""

    simulator: Simulator
    folder: Path
    closes: list[float]
    at_ms: int = START_MS
    account: VenueAccount = field(init=False)

    def open(self, name: str) -> Stage:
        self.simulator.load(
            write_closes(self.folder, self.closes), **{"from": START_MS, "instruments": [SYMBOL]}
        )
        forget_markets()
        market_queries.forget()
        keys = self.simulator.account(name, balances={"USDT": "100000"})
        advance_clock(to=self.at)
        self.account = make_account()
        write_keys(
            actor=ANNA,
            account_id=self.account.id,
            api_key=keys["api_key"],
            api_secret=keys["secret"],
        )
        sync_instruments(account_id=self.account.id)
        sync_catalogue()
        open_ledger(account_id=self.account.id, balances=self.ask("balances"))
        self.poll()
        return self

    @property
    def at(self) -> datetime:
        return from_ms(self.at_ms)

    def ask(self, name: str, *arguments: Any, **named: Any) -> Any:
        gateway = gateways.gateway(credentials(account_id=self.account.id))
        return call(getattr(gateway, name)(*arguments, **named), timeout=20)

    def bot(self, slug: str = "first", **content: Any) -> Bot:
        bot = create_bot(actor=ANNA, slug=slug, name=slug, account_id=self.account.id)
        words = {
            "strategy": "sma_cross", "timeframe": "1h", "symbols": (SYMBOL,),
            "sizing": {"mode": "equity_fraction", "fraction": "0.1"},
            "protection": {"stop_loss": "0.05"}, "parameters": {"fast": 2, "slow": 4},
        }  # fmt: skip
        write_config(
            actor=ANNA, bot_id=bot.id, content=ConfigContent(**words | content), reason="test"
        )
        return start(actor=ANNA, bot_id=bot.id)

    def poll(self) -> None:
        """Store what the exchange shows: closed candles, quotes, our orders and fills."""
        rows = self.ask("candles", SYMBOL, "1h", self.at_ms - 100 * HOUR_MS, 500)
        closed = [row for row in rows if row.ts + HOUR_MS <= self.at_ms]
        store_candles(venue="binance", environment="simulated", rows=closed)
        quotes = self.ask("quotes", [SYMBOL])
        store_quotes(venue="binance", environment="simulated", rows=quotes)
        for order in unfinished_orders(account_id=self.account.id):
            report = self.ask("order", SYMBOL, order.client_order_id)
            if report is not None:
                fills = self.ask("fills", SYMBOL, venue_order_id=report.venue_order_id)
                store_facts(account_id=self.account.id, source="poll", orders=[report], fills=fills)

    def weeks(self, *closes: float) -> None:
        """Store the weeks before START_MS (a Monday), the last of which closes there."""
        first = START_MS - len(closes) * WEEK_MS
        rows = [
            CandleRow(SYMBOL, "1w", first + n * WEEK_MS, close, close, close, close, 1.0)
            for n, close in enumerate(closes)
        ]
        store_candles(venue="binance", environment="simulated", rows=rows)

    def advance(self) -> None:
        """Let the exchange play one candle and let market time follow."""
        self.at_ms += HOUR_MS
        self.simulator.control("POST", "advance", {"to": self.at_ms})
        self.poll()
        advance_clock(to=self.at)

    def step(self, *, runs: int = 1) -> None:
        self.advance()
        for _ in range(runs):
            run_account(account_id=self.account.id)

    def reasons(self) -> list[str]:
        return quiescent(account_ids=[self.account.id], at=self.at)

    def assert_books_equal_the_exchange(self) -> None:
        there = {asset: amount for asset, amount in self.ask("balances").items() if amount}
        ours = Balance.objects.filter(account=self.account, amount__gt=0)
        assert dict(ours.values_list("asset", "amount")) == there
        with connection.cursor() as cursor:
            for name, (_, statement) in (of_orders.INVARIANTS | of_books.INVARIANTS).items():
                cursor.execute(statement)
                assert cursor.fetchall() == [], name

    def trades(self) -> list[tuple[str, Decimal, Decimal]]:
        """Return (side, amount, price) of all trades from the exchange's own list, oldest first."""
        return [
            (fill.side, fill.amount, fill.price)
            for fill in self.ask("fills", SYMBOL, since_ms=START_MS)
        ]

    def forget(self) -> None:
        """Drop what this process holds in memory and on the wire, as a new process would begin."""
        if hasattr(self, "account"):
            self.ask("close")
        gateways._GATEWAYS.clear()
        forget_markets()
        market_queries.forget()
        close_permits()
        connection.close()
