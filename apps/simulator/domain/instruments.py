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
        settle = f":{self.quote}" if self.kind == LINEAR else ""
        return f"{self.base}/{self.quote}{settle}"


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
# Perpetuals: tick, step and least cost.
_LINEAR_RULES: Final[dict[str, tuple[str, str, str]]] = {
    "BTC": ("0.1", "0.001", "100"),
    "ETH": ("0.01", "0.001", "20"),
    "SOL": ("0.01", "0.01", "5"),
    "XRP": ("0.0001", "0.1", "5"),
    "ADA": ("0.0001", "1", "5"),
    "DOGE": ("0.00001", "1", "5"),
    "AVAX": ("0.001", "1", "5"),
    "LINK": ("0.001", "0.01", "5"),
    "DOT": ("0.001", "0.1", "5"),
    "LTC": ("0.01", "0.001", "20"),
    "BNB": ("0.01", "0.01", "5"),
}
LINEAR: Final = "linear"
# Spot and perpetual of one name share the exchange's books; only /fapi knows both by that name.
LINEAR_SUFFIX: Final = "_PERP"
DEMO_PAIRS: Final = tuple(f"{base}/USDT" for base in _RULES if base != "BNB")
DEMO_PERPETUALS: Final = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")


def listed(pair: str, *, price_decimals: int = 0) -> Instrument:
    """Return the instrument of `pair` (`BTC/USDT`, `BTC/USDT:USDT`) with the rules Binance has for it.

    A pair without known rules gets its tick from `price_decimals`, the digits its prices show;
    a known tick is refined where recorded prices are finer.

    :raises InvalidInput: `BAD_PAIR` when the text is no pair.
    """
    base, _, rest = pair.partition("/")
    quote, _, settle = rest.partition(":")
    if settle and settle != quote:
        raise InvalidInput("BAD_PAIR", field="instruments", value=pair)
    if not (base.isalnum() and quote.isalnum() and pair.upper() == pair) or (":" in rest) != bool(
        settle
    ):
        raise InvalidInput("BAD_PAIR", field="instruments", value=pair)
    shown = Decimal(1).scaleb(-price_decimals)
    # Price times amount must stay within eight places, as everything on the exchange's books.
    step_shown = max(Decimal("0.01"), Decimal("1e-8") / shown)
    unknown = (str(shown), str(step_shown))
    tick, step, *least = (_LINEAR_RULES if settle else _RULES).get(base, unknown)
    instrument = Instrument(
        symbol=base + quote + (LINEAR_SUFFIX if settle else ""),
        base=base,
        quote=quote,
        tick=Decimal(tick),
        step=Decimal(step),
        cost_min=Decimal(least[0] if least else 5),
        kind=LINEAR if settle else "spot",
    )
    return replace(instrument, tick=shown) if 0 < shown < instrument.tick else instrument
