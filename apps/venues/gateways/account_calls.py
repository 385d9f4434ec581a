"""Settings of an account at its venue: sent once, and nothing happened where it already is so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from apps.venues.gateways.classify import RAISED, classify
from apps.venues.gateways.errors import AlreadySo
from apps.venues.gateways.families.base import Family
from apps.venues.gateways.wire import departures

TIMEOUT_SECONDS: Final = 10.0


async def set_leverage(
    exchange: Any, traits: Family, symbol: str, leverage: int, *, margin_mode: str
) -> None:
    """Set the leverage of a symbol, in its margin mode where the venue keeps one for each.

    :raises VenueError: `Rejected`, or `OutcomeUnknown` when nothing is proved.
    """
    words = traits.leverage_words(margin_mode) if traits.leverage_words else {}
    await _once(traits, exchange.set_leverage(leverage, symbol, words))


async def set_margin_mode(exchange: Any, traits: Family, symbol: str, mode: str) -> None:
    """Set a symbol to `cross` or `isolated` margin.

    :raises VenueError: as `set_leverage`.
    """
    await _once(traits, exchange.set_margin_mode(mode, symbol))


async def set_position_mode(exchange: Any, traits: Family, mode: str) -> None:
    """Set the account to `one_way` or `hedge`.

    :raises VenueError: as `set_leverage`.
    """
    await _once(traits, exchange.set_position_mode(mode == "hedge"))


async def _once(traits: Family, call: Awaitable[Any]) -> None:
    with departures() as left:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await call
        except RAISED as error:
            named = classify(error, traits, is_order=True, has_left=bool(left))
            if not isinstance(named, AlreadySo):
                raise named from error
