"""One file a venue family. To add a family, copy the nearest file and list it here."""

from __future__ import annotations

from typing import Final

from apps.venues.gateways.families import (
    binance,
    binanceusdm,
    bybit,
    generic,
    hyperliquid,
    kraken,
    kucoin,
    okx,
)
from apps.venues.gateways.families.base import Family

FAMILIES: Final[dict[str, Family]] = {
    found.FAMILY.name: found.FAMILY
    for found in (binance, binanceusdm, bybit, hyperliquid, kraken, kucoin, okx)
}


def family(venue: str) -> Family:
    """Return the family of a venue; an unlisted one can be read but not traded."""
    return FAMILIES.get(venue, generic.FAMILY)
