"""What was missed while nobody listened, read over REST."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db.models import Max

from apps.core.clock import to_ms
from apps.core.domain.timeframes import TIMEFRAME_MS, open_ms
from apps.marketdata.clock import market_now
from apps.marketdata.queries import candle_spans, instrument_ids, symbols_of
from apps.orders.models import Fill
from apps.orders.queries import unfinished_orders
from apps.trading.feed.intake import Intake
from apps.trading.feed.plan import MarketPlan, Need
from apps.venues.domain.reports import FillReport, OrderReport
from apps.venues.gateways.gateway import Gateway

PAGE: Final = 1000
AT_ONCE: Final = 4
OVERLAP_MS: Final = 60_000


async def catch_up_candles(
    plan: MarketPlan, gateway: Gateway, intake: Intake, *, tried: set[Need]
) -> int:
    """Fetch the closed candles each need lacks at market time; return how many came.

    A hole in a need's window is asked for once, because a venue has holes too: `tried` remembers.

    :raises VenueError: when the venue cannot be read.
    """
    missing = await intake.in_thread(_missing_since, plan, frozenset(tried))
    limit = asyncio.Semaphore(AT_ONCE)

    async def fetch(need: Need, since_ms: int) -> int:
        async with limit:
            return await _fetch(plan, gateway, intake, need, since_ms)

    came = await asyncio.gather(*(fetch(need, since) for need, since in missing.items()))
    tried.update(missing)
    return sum(came)


async def _fetch(
    plan: MarketPlan, gateway: Gateway, intake: Intake, need: Need, since_ms: int
) -> int:
    symbol, timeframe = need
    came = 0
    while True:
        rows = await gateway.candles(symbol, timeframe, since_ms, PAGE)
        rows = [row for row in rows if row.ts >= since_ms]
        intake.take_candles(plan.market, rows)
        came += len(rows)
        if len(rows) < PAGE - 1:
            return came
        since_ms = rows[-1].ts + TIMEFRAME_MS[timeframe]


def _missing_since(plan: MarketPlan, tried: frozenset[Need]) -> dict[Need, int]:
    """Return per need the open time (epoch ms) from which candles are missing."""
    at_ms = to_ms(market_now())
    ids = instrument_ids(
        venue=plan.market.venue, environment=plan.market.environment, symbols=plan.symbols
    )
    keys = {(ids[need[0]], need[1]): need for need in plan.needs if need[0] in ids}
    counts = {key: plan.needs[need] for key, need in keys.items()}
    spans = candle_spans(counts=counts, at_ms=at_ms)
    missing: dict[Need, int] = {}
    for key, need in keys.items():
        length = TIMEFRAME_MS[need[1]]
        newest_due = open_ms(at_ms, need[1]) - length
        oldest_due = newest_due - (counts[key] - 1) * length
        last, count = spans.get(key, (oldest_due - length, 0))
        if count < counts[key] and need not in tried:
            missing[need] = oldest_due
        elif last < newest_due:
            missing[need] = last + length
    return missing


async def catch_up_orders(account_id: UUID, gateway: Gateway, intake: Intake) -> int:
    """Ask for what became of our unfinished orders, fills included; return how many reports came.

    :raises VenueError: when the venue cannot be read.
    """
    ours = await intake.in_thread(_our_orders, account_id)
    reports: list[OrderReport | FillReport] = list(await gateway.open_orders())
    seen = {report.client_order_id: report for report in reports if isinstance(report, OrderReport)}
    for client_order_id, symbol in ours.items():
        found = seen.get(client_order_id)
        if found is None:
            found = await gateway.order(symbol, client_order_id)
            reports += [found] if found else []
        if found is not None and found.filled:
            # a conditional order filled under the id of the order that it became
            filled_as = found.triggered_id or found.venue_order_id
            reports += await gateway.fills(symbol, venue_order_id=filled_as)
    intake.take_facts(account_id, "poll", reports)
    return len(reports)


def _our_orders(account_id: UUID) -> dict[str, str]:
    orders = unfinished_orders(account_id=account_id)
    sent = [order for order in orders if order.status != "created"]
    symbols = symbols_of(instrument_ids={order.instrument_id for order in sent})
    return {order.client_order_id: symbols[order.instrument_id] for order in sent}


async def catch_up_fills(
    account_id: UUID, gateway: Gateway, intake: Intake, *, symbols: Sequence[str]
) -> int:
    """Read the account's fills since the newest known one, ours or not; return how many came.

    It begins 60 s before that one: a fill of that time may have been missed. An account without
    any fill has nothing to start from; its orders are asked for by id. With the fills come the
    orders that the venue made itself, where only those tell a liquidation from a stranger's trade.

    :raises VenueError: when the venue cannot be read.
    """
    newest = await intake.in_thread(_newest_fill_ms, account_id)
    if newest is None:
        return 0
    reports: list[OrderReport | FillReport] = []
    reports += await gateway.forced_orders(None, newest - OVERLAP_MS)
    for symbol in symbols:
        reports += await gateway.fills(symbol, newest - OVERLAP_MS)
    intake.take_facts(account_id, "poll", reports)
    return len(reports)


def _newest_fill_ms(account_id: UUID) -> int | None:
    at = Fill.objects.filter(account_id=account_id).aggregate(at=Max("at"))["at"]
    return to_ms(at) if at is not None else None
