"""Tradable pairs and their rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from apps.core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Instrument:
    """One pair with its filters and the terms of its synthetic liquidity.

    `tick` is in quote units, `step` and `amount_max` in base units, `cost_min` in quote units.
    `volume_share` is the part of a candle's volume that one order may take, `half_spread` and
    `impact` (at the full share) are fractions of the price. `kind` is the seam for contracts.
    """

    symbol: str
    base: str
    quote: str
    tick: Decimal
    step: Decimal
    cost_min: Decimal
    kind: str = "spot"
    amount_max: Decimal = Decimal(90_000_000)
    orders_max: int = 200
    stop_orders_max: int = 5
    volume_share: Decimal = Decimal("0.10")
    half_spread: Decimal = Decimal("0.0001")
    impact: Decimal = Decimal("0.001")

    @property
    def pair(self) -> str:
        """The pair as ccxt writes it."""
        return f"{self.base}/{self.quote}"


_RULES: Final[dict[str, tuple[str, str]]] = {
    "BTC": ("0.01", "0.00001"),
    "ETH": ("0.01", "0.0001"),
    "SOL": ("0.01", "0.001"),
    "XRP": ("0.0001", "0.1"),
    "ADA": ("0.0001", "0.1"),
    "DOGE": ("0.00001", "1"),
    "AVAX": ("0.01", "0.01"),
    "LINK": ("0.001", "0.01"),
    "DOT": ("0.001", "0.01"),
    "LTC": ("0.01", "0.001"),
    "BNB": ("0.1", "0.001"),
}
DEMO_PAIRS: Final = tuple(f"{base}/USDT" for base in _RULES if base != "BNB")


def listed(pair: str, *, price_decimals: int = 0) -> Instrument:
    """Return the instrument of `pair` (`BTC/USDT`) with the rules Binance has for it.

    A pair without known rules gets its tick from `price_decimals`, the digits its prices show;
    a known tick is refined where recorded prices are finer.

    :raises InvalidInput: `BAD_PAIR` when the text is no pair.
    """
    base, _, quote = pair.partition("/")
    if not (base.isalnum() and quote.isalnum() and pair.upper() == pair):
        raise InvalidInput("BAD_PAIR", field="instruments", value=pair)
    shown = Decimal(1).scaleb(-price_decimals)
    # Price times amount must stay within eight places, as everything on the exchange's books.
    step_shown = max(Decimal("0.01"), Decimal("1e-8") / shown)
    tick, step = _RULES.get(base, (str(shown), str(step_shown)))
    instrument = Instrument(
        symbol=base + quote,
        base=base,
        quote=quote,
        tick=Decimal(tick),
        step=Decimal(step),
        cost_min=Decimal(5),
    )
    return replace(instrument, tick=shown) if 0 < shown < instrument.tick else instrument
