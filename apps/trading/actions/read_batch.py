"""Steps 0 to 2: open a batch when its candles are there, and read what is known about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from apps.core.clock import from_ms, to_ms
from apps.core.domain.money import ZERO
from apps.core.domain.timeframes import TIMEFRAME_MS, closes_at
from apps.marketdata.domain.candles import Candles
from apps.marketdata.queries import LatestQuote, candle_windows, candles_present, latest_quotes
from apps.trading.domain.batch import Batch, Price
from apps.trading.domain.opinions import WindowKey
from apps.trading.queries import batch as reads
from apps.venues.models import VenueAccount

# Market time after a close during which a batch waits for its candles.
GRACE: Final = timedelta(seconds=5)


def read_bots(*, account_id: UUID, timeframe: str, at: datetime, now: datetime) -> Batch | None:
    """Return the batch with its due bots, or None when there are none; `now` is market time."""
    bots = reads.due_bots(account_id=account_id, timeframe=timeframe, at=at)
    if not bots:
        return None
    venue, quote, mode = VenueAccount.objects.values_list(
        "venue", "quote_asset", "position_mode"
    ).get(pk=account_id)
    return Batch(account_id, venue, quote, timeframe, at, now, bots=bots, position_mode=mode)


def candles_are_in(*, batch: Batch, counts: dict[WindowKey, int]) -> bool:
    """Note which candles that close now are stored; False while missing ones may still come."""
    at_ms = to_ms(batch.at)
    closing = [key for key in counts if closes_at(at_ms, key[1])]
    batch.present = candles_present(keys=closing, at_ms=at_ms)
    return len(batch.present) == len(closing) or batch.now >= batch.at + GRACE


def read_market(*, batch: Batch, counts: dict[WindowKey, int]) -> dict[WindowKey, Candles]:
    """Return the candle windows closed by the batch's time, and note the newest prices."""
    at_ms = to_ms(batch.at)
    keys = [
        (instrument_id, timeframe, count) for (instrument_id, timeframe), count in counts.items()
    ]
    windows = candle_windows(keys=keys, at_ms=at_ms)
    for key in counts:
        windows.setdefault(key, Candles.empty(key[1]))
    quotes = latest_quotes(instrument_ids=list(batch.instruments))
    for instrument_id in batch.instruments:
        candles = windows.get((instrument_id, batch.timeframe))
        price = newest_price(candles=candles, quote=quotes.get(instrument_id), now=batch.now)
        if price is not None:
            batch.prices[instrument_id] = price
    return windows


def newest_price(
    *, candles: Candles | None, quote: LatestQuote | None, now: datetime
) -> Price | None:
    """Return the last close or the last quote, whichever is newer in market time."""
    found: list[tuple[datetime, Decimal, str]] = []
    if candles is not None and len(candles):
        closed_at = from_ms(int(candles.ts[-1]) + TIMEFRAME_MS[candles.timeframe])
        found.append((closed_at, Decimal(repr(float(candles.close[-1]))), ""))
    if quote is not None:
        found.append((quote.at, quote.last, quote.source_venue))
    if not found:
        return None
    # of two of the same moment the candle: it is there on every run of a replay
    at, price, source = max(found, key=lambda item: item[0])
    return Price(price, max(0.0, (now - at).total_seconds()), source)


def read_books(*, batch: Batch) -> None:
    """Note what the bots wanted and hold, what is open, the instruments, and the equity."""
    bot_ids = [bot.bot_id for bot in batch.bots]
    batch.targets = reads.targets(bot_ids)
    batch.holdings = reads.held(bot_ids)
    batch.open_amounts = reads.open_amounts(batch.account_id)
    traded = {i for bot in batch.bots for i in bot.instrument_ids}
    still_held = {i for held in batch.holdings.values() for i in held}
    batch.instruments = reads.instruments(traded | still_held)


def read_equity(*, batch: Batch) -> None:
    """Note the account's equity in quote units; what has no price counts nothing."""
    rows = reads.balance_rows(batch.account_id)
    if not rows:
        return
    equity = ZERO
    for asset, amount, instrument_id, last, basis in rows:
        known = batch.prices.get(instrument_id) if instrument_id is not None else None
        if asset == batch.quote_asset:
            equity += amount
        elif known is not None:
            equity += amount * known.price - basis
        elif last is not None:
            equity += amount * last - basis
    batch.equity = equity
