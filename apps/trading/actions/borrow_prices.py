"""Ask other venues for prices that an instrument's own venue no longer tells.

Borrowed prices are marked with their source. They serve marks, price sanity and exits; the judge
refuses entries on them. Orders and positions never change venue (docs/adr/0009).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

import structlog
from django.conf import settings

from apps.core.clock import now
from apps.marketdata.actions.store_quotes import store_quotes
from apps.trading.queries.stale_prices import QuietInstrument, quiet_instruments
from apps.venues import gateways
from apps.venues.domain.reports import Credentials, QuoteRow
from apps.venues.gateways.errors import VenueError
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call

log = structlog.get_logger(__name__)
# Prices are late after 1 s, polled within 5 s, and borrowed when that has failed too.
QUIET_SECONDS: Final = 10
TIMEOUT_SECONDS: Final = 8.0
OpenPublic = Callable[[str], Gateway]


def public_gateway(venue: str) -> Gateway:
    """Return the keyless gateway of a venue's public data."""
    return gateways.gateway(Credentials(f"public:{venue}", venue, "live", "", ""))


def borrow_prices(*, open_public: OpenPublic = public_gateway) -> int:
    """Store prices from the first venue of `PRICE_FALLBACK_VENUES` that has each; return how many.

    A venue that cannot be read, or does not list the symbol, leaves it to the next one.
    """
    wanted = quiet_instruments(before=now() - timedelta(seconds=QUIET_SECONDS))
    stored = 0
    for venue in settings.PRICE_FALLBACK_VENUES:
        asked = [i for i in wanted if i.venue != venue]
        if not asked:
            continue
        rows = _ask(open_public(venue), sorted({i.symbol for i in asked}))
        stored += _store(venue, asked, rows)
        wanted = [i for i in wanted if i not in asked or i.symbol not in rows]
    if wanted:
        log.warning("prices.nowhere", symbols=sorted({i.symbol for i in wanted}))
    return stored


def _ask(gateway: Gateway, symbols: Sequence[str]) -> dict[str, QuoteRow]:
    async def ask() -> list[QuoteRow]:
        known = await gateway.listed(symbols)
        return await gateway.quotes(known) if known else []

    try:
        return {row.symbol: row for row in call(ask(), timeout=TIMEOUT_SECONDS)}
    except (VenueError, TimeoutError) as error:
        log.info("prices.not_lent", by=gateway.access.venue, error=str(error)[:200])
        return {}


def _store(venue: str, asked: Sequence[QuietInstrument], rows: dict[str, QuoteRow]) -> int:
    markets: dict[tuple[str, str], list[QuoteRow]] = defaultdict(list)
    for instrument in asked:
        if instrument.symbol in rows:
            markets[instrument.venue, instrument.environment].append(rows[instrument.symbol])
    stored = sum(
        store_quotes(venue=owner, environment=environment, rows=found, source_venue=venue)
        for (owner, environment), found in markets.items()
    )
    if stored:
        log.warning("prices.borrowed", source=venue, symbols=sorted(rows), stored=stored)
    return stored
