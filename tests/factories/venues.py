"""Venue accounts, instruments and quotes."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from apps.core.clock import now
from apps.marketdata.models import Instrument, Quote
from apps.venues.models import VenueAccount

NUMBERS = count(1)


def make_account(**values: Any) -> VenueAccount:
    """A simulated Binance account without keys."""
    number = next(NUMBERS)
    defaults = {
        "slug": f"account-{number}",
        "name": f"Account {number}",
        "venue": "binance",
        "environment": "simulated",
    }
    return VenueAccount.objects.create(**defaults | values)


def make_instrument(**values: Any) -> Instrument:
    """A spot pair at simulated Binance; `symbol="BTC/USDT"` gives the one row of that symbol."""
    symbol = values.pop("symbol", f"C{next(NUMBERS)}/USDT")
    base, quote = symbol.split("/")
    key = {
        "venue": values.pop("venue", "binance"),
        "environment": values.pop("environment", "simulated"),
        "symbol": symbol,
    }
    defaults = {
        "base": base,
        "quote": quote,
        "price_tick": Decimal("0.01"),
        "amount_step": Decimal("0.00001"),
        "amount_min": Decimal("0.00001"),
        "cost_min": Decimal(5),
        "updated_at": now(),
    }
    return Instrument.objects.get_or_create(**key, defaults=defaults | values)[0]


def make_perpetual(symbol: str = "BTC/USDT:USDT", **values: Any) -> Instrument:
    """The one linear perpetual of `symbol` at simulated Binance USDⓈ-M."""
    pair, settle = symbol.split(":")
    base, quote = pair.split("/")
    key = {
        "venue": values.pop("venue", "binanceusdm"),
        "environment": values.pop("environment", "simulated"),
        "symbol": symbol,
    }
    defaults = {
        "kind": "linear", "base": base, "quote": quote, "settle": settle,
        "price_tick": Decimal("0.1"), "amount_step": Decimal("0.001"),
        "amount_min": Decimal("0.001"), "cost_min": Decimal(5), "stop_orders_max": 10,
        "leverage_max": Decimal(125), "maintenance_rate": Decimal("0.005"), "updated_at": now(),
    }  # fmt: skip
    return Instrument.objects.get_or_create(**key, defaults=defaults | values)[0]


def make_quote(instrument: Instrument, **values: Any) -> Quote:
    """The latest quote of `instrument`: last price 100 unless given."""
    last = Decimal(values.pop("last", 100))
    defaults = {"bid": last, "ask": last, "last": last, "at": now(), "observed_at": now()}
    return Quote.objects.update_or_create(instrument=instrument, defaults=defaults | values)[0]
