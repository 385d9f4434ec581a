"""The chart of one bot and instrument: candles, fills, entry, stop and open orders."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from apps.core.clock import to_ms
from apps.core.domain.timeframes import TIMEFRAME_MS, open_ms
from apps.dashboard.domain import formats
from apps.dashboard.queries.orders import open_orders_of
from apps.dashboard.queries.positions import holdings
from apps.marketdata.models import Candle, Instrument, Quote
from apps.orders.models import Fill

CANDLES_SHOWN: Final = 500
FILLS_SHOWN: Final = 200


def read_chart(*, bot_id: UUID, instrument: Instrument, timeframe: str) -> dict[str, Any]:
    """Return what the chart draws; times in epoch seconds, prices as numbers (for pixels only)."""
    rows = (
        Candle.objects.filter(instrument_id=instrument.pk, timeframe=timeframe)
        .order_by("-ts")
        .values_list("ts", "open", "high", "low", "close")[:CANDLES_SHOWN]
    )
    candles = [[ts // 1000, *prices] for ts, *prices in reversed(list(rows))]
    _append_forming(candles, instrument, timeframe)
    first = datetime.fromtimestamp(candles[0][0], UTC) if candles else None
    lines, words = _lines(bot_id, instrument)
    return {
        "candles": candles,
        "fills": _fills(bot_id, instrument, timeframe, first),
        "lines": lines,
        "tick": float(instrument.price_tick),
        "precision": formats.places(instrument.price_tick),
        "summary": f"{instrument.symbol} {timeframe}: {words}",
    }


def _append_forming(candles: list[list[Any]], instrument: Instrument, timeframe: str) -> None:
    """Show the latest price as the candle that is not closed yet."""
    quote = Quote.objects.filter(instrument=instrument).first()
    if quote is None or not candles:
        return
    opened = open_ms(to_ms(quote.at), timeframe) // 1000
    last = float(quote.last)
    newest = candles[-1]
    if newest[0] < opened <= newest[0] + 2 * TIMEFRAME_MS[timeframe] // 1000:
        start = newest[4]
        candles.append([opened, start, max(start, last), min(start, last), last])


def _fills(
    bot_id: UUID, instrument: Instrument, timeframe: str, first: datetime | None
) -> list[dict[str, Any]]:
    if first is None:
        return []
    found = Fill.objects.filter(bot_id=bot_id, instrument=instrument, at__gte=first).order_by("-at")
    rows = list(found.values_list("at", "side", "price", "amount")[:FILLS_SHOWN])
    return [
        {
            "time": open_ms(to_ms(at), timeframe) // 1000,
            "side": side,
            "price": float(price),
            "amount": formats.amount(amount, instrument.amount_step),
        }
        for at, side, price, amount in reversed(rows)
    ]


def _lines(bot_id: UUID, instrument: Instrument) -> tuple[list[dict[str, Any]], str]:
    """Return the price lines, and the chart in words."""
    lines: list[dict[str, Any]] = []
    words = ["no position"]
    for row in holdings(bot_id=bot_id):
        if row.instrument_id == instrument.pk and not row.is_flat and row.entry is not None:
            lines.append({"price": float(row.entry), "title": "entry", "tone": "text-2"})
            held = formats.amount(row.amount, row.step)
            words = [
                f"position {held} {row.base} from {formats.price(row.entry, row.tick)}",
                row.protection,
            ]
    resting = [o for o in open_orders_of(bot_id) if o["instrument_number"] == instrument.pk]
    for order in resting:
        price = order["stop_price"] or order["price"]
        if price is None:
            continue
        is_stop = order["purpose"] == "protect"
        glyph = "▲" if order["side"] == "buy" else "▼"
        title = "stop" if is_stop else f"{glyph} {formats.amount(order['amount'], order['step'])}"
        tone = "down" if is_stop or order["side"] == "sell" else "up"
        lines.append({"price": float(price), "title": title, "tone": tone})
    words.append(f"{len(resting)} open order{'' if len(resting) == 1 else 's'}")
    return lines, "; ".join(words)
