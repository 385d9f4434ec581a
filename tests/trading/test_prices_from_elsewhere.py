"""Prices of a quiet venue are borrowed over real HTTP, marked, and given back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.core.clock import now, to_ms
from apps.marketdata.actions.store_quotes import store_quotes
from apps.marketdata.models import Instrument, Quote
from apps.portfolio.models import Position
from apps.trading.actions.borrow_prices import borrow_prices
from apps.venues.domain.reports import Credentials, QuoteRow
from apps.venues.gateways import build_gateway
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call
from tests.factories import make_bot, make_instrument, make_quote
from tests.fixtures.simulator import Simulator, simulator, simulators

__all__ = ["simulator", "simulators"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elsewhere(simulator: Simulator, settings: Any) -> Any:
    """Open the simulated exchange as if it were the public face of another venue."""
    settings.SIMULATOR_URL = simulator.url
    settings.PRICE_FALLBACK_VENUES = ["binance"]
    opened: list[Gateway] = []

    def open_public(venue: str) -> Gateway:
        opened.append(build_gateway(Credentials(f"public:{venue}", venue, "simulated", "", "")))
        return opened[-1]

    yield open_public
    for gateway in opened:
        call(gateway.close(), timeout=5)


def held(*, environment: str = "testnet", symbol: str = "BTC/USDT") -> Instrument:
    """An instrument of a venue that says nothing, and somebody who holds it."""
    instrument = make_instrument(venue="kraken", environment=environment, symbol=symbol)
    bot = make_bot()
    Position.objects.create(
        account=bot.account, bot=bot, instrument=instrument, amount=1, basis=100, updated_at=now()
    )
    return instrument


def test_a_quiet_venue_borrows_a_price_and_takes_its_own_back(elsewhere: Any) -> None:
    instrument = held()
    late = now() - timedelta(seconds=30)
    make_quote(instrument, last=1, at=late - timedelta(days=2000), observed_at=late)

    assert borrow_prices(open_public=elsewhere) == 1

    quote = Quote.objects.get()
    assert (quote.source_venue, quote.last) == ("binance", Decimal(50_500))
    own = QuoteRow("BTC/USDT", None, None, Decimal(7), to_ms(quote.at) - 60_000)
    assert store_quotes(venue="kraken", environment="testnet", rows=[own]) == 1
    quote.refresh_from_db()
    assert (quote.source_venue, quote.last) == ("", Decimal(7)), "its own word beats a later one"
    assert borrow_prices(open_public=elsewhere) == 0, "and nothing is borrowed any more"


def test_nothing_is_borrowed_for_the_simulated_exchange_or_what_nobody_lists(
    elsewhere: Any,
) -> None:
    held(environment="simulated")
    held(symbol="XYZ/USDT")
    make_instrument(venue="kraken", environment="testnet", symbol="ETH/USDT")  # nobody needs it

    assert borrow_prices(open_public=elsewhere) == 0
    assert not Quote.objects.exists()
