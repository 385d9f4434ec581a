"""The instrument of imported candles."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from apps.core.clock import now
from apps.core.errors import InvalidInput
from apps.marketdata.models import Instrument

FINEST: Final = Decimal("0.00000001")


def find_instrument(*, venue: str, environment: str, symbol: str) -> Instrument:
    """Return the instrument of a ccxt symbol, made untradable when the desk does not know it yet.

    Its rules come with the next `sync_instruments`; until then nothing can be traded on it.

    :raises InvalidInput: `SYMBOL_INVALID` when the text is no ccxt symbol.
    """
    base, slash, rest = symbol.partition("/")
    quote, _, settle = rest.partition(":")
    if not (base and slash and quote):
        raise InvalidInput("SYMBOL_INVALID", field="symbol", symbol=symbol)
    found, _ = Instrument.objects.get_or_create(
        venue=venue,
        environment=environment,
        symbol=symbol,
        defaults={
            "kind": "linear" if settle else "spot",
            "base": base,
            "quote": quote,
            "price_tick": FINEST,
            "amount_step": FINEST,
            "amount_min": 0,
            "cost_min": 0,
            "is_tradable": False,
            "updated_at": now(),
        },
    )
    return found
