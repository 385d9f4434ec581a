"""The chart of one bot and instrument: candles, fills, funding and the lines of what stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from apps.core.clock import to_ms
from apps.core.domain.timeframes import TIMEFRAME_MS, open_ms
from apps.dashboard.domain import formats
from apps.dashboard.queries.chart_lines import chart_lines
from apps.dashboard.queries.orders import open_orders_of
from apps.dashboard.queries.positions import Holding, holdings
from apps.marketdata.models import Candle, Instrument, Quote
from apps.orders.models import Fill
from apps.portfolio.models import FundingShare

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
    held = next(
        (row for row in holdings(bot_id=bot_id) if row.instrument_id == instrument.pk), None
    )
    resting = [o for o in open_orders_of(bot_id) if o["instrument_number"] == instrument.pk]
    lines, words = chart_lines(held=held, resting=resting, candles=candles, since=_since(held))
    return {
        "candles": candles,
        "fills": _fills(bot_id, instrument, timeframe, first),
        "funding": _funding(bot_id, instrument, timeframe, first),
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


def _funding(
    bot_id: UUID, instrument: Instrument, timeframe: str, first: datetime | None
) -> list[dict[str, Any]]:
    """Return what the bot paid or received for holding a perpetual, oldest first."""
    if first is None or instrument.kind != "linear":
        return []
    found = FundingShare.objects.filter(
        bot_id=bot_id, payment__instrument=instrument, payment__at__gte=first
    ).order_by("-payment__at")
    rows = list(found.values_list("payment__at", "amount")[:FILLS_SHOWN])
    return [
        {
            "time": open_ms(to_ms(at), timeframe) // 1000,
            "tone": "up" if amount >= 0 else "down",
            "text": f"F {formats.signed(amount).split(formats.TIED)[-1]}",
        }
        for at, amount in reversed(rows)
    ]


def _since(held: Holding | None) -> int:
    """Return from when on a trailing stop has followed the price, market time in epoch seconds."""
    if held is None or held.opened_at is None:
        return 0
    return to_ms(held.opened_at) // 1000
