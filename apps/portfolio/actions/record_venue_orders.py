"""Record the orders that a venue made itself, as rows of the bots whose positions they closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.core.domain.money import ZERO, plain
from apps.core.ids import new_id
from apps.marketdata.clock import market_now
from apps.orders.actions.write_events import Happening, write_events
from apps.orders.domain.progress import Progress
from apps.orders.domain.rows import KnownOrder
from apps.portfolio.domain.closes import PART, Holder, own_name
from apps.risk.actions.record_verdicts import record_verdicts
from apps.risk.domain.forms import Judgement, ProposedOrder, Refusal
from apps.risk.domain.verdicts import VerdictItem

# bot, instrument, venue's order id, venue's trade id
Key = tuple[UUID, int, str, str]
NOT_JUDGED: Final = "NOT_JUDGED"
_TAKEN: Final = """
SELECT instrument_id, venue_order_id FROM orders_order
WHERE account_id = %s AND venue_order_id = ANY(%s)
"""
_INSERT: Final = """
INSERT INTO orders_order (id, client_order_id, account_id, bot_id, config_id, instrument_id,
    verdict_id, purpose, side, type, time_in_force, post_only, reduce_only, amount, decided_at,
    send_by, submitted_at, status, status_reason, venue_order_id, venue_status, venue_filled,
    filled, cost, fence, origin, reason)
SELECT k.id, k.name, %s, k.bot, k.config, k.instrument, k.verdict, 'flatten', k.side, 'market',
    'GTC', false, true, k.amount, %s, %s, %s, 'submitted', '', k.venue_order_id, '', 0, 0, 0, 1,
    'venue', k.reason
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::int[], %s::uuid[], %s::text[],
    %s::numeric[], %s::text[], %s::text[])
    k(id, name, bot, config, instrument, verdict, side, amount, venue_order_id, reason)
"""


@dataclass(frozen=True, slots=True)
class VenueClose:
    """What one trade of a venue's own order closed of one bot's holding; amount in base units."""

    holder: Holder
    symbol: str
    venue_order_id: str
    side: str
    amount: Decimal
    price: Decimal
    kind: str


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    name: str
    verdict_id: UUID
    venue_order_id: str
    close: VenueClose


def record_venue_orders(
    *, account_id: UUID, closes: Mapping[Key, VenueClose], at: datetime
) -> dict[Key, KnownOrder]:
    """Make a row per trade and bot, since the terms of an order are frozen; `at` is real time.

    Their verdict says that nobody judged them. The first row of a venue's order bears its id, the
    others bear it with an end of their own.
    """
    verdicts = record_verdicts(items=[_verdict(account_id, close, at) for close in closes.values()])
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [account_id, [close.venue_order_id for close in closes.values()]])
        taken: set[Any] = set(cursor.fetchall())
    rows: dict[Key, _Row] = {}
    for (key, close), verdict in zip(closes.items(), verdicts, strict=True):
        name = own_name(account_id=account_id, symbol=close.symbol, parts=key)
        number = close.venue_order_id
        if (key[1], number) in taken:
            number = f"{number}{PART}{name[-10:]}"
        taken.add((key[1], number))
        rows[key] = _Row(new_id(), name, verdict, number, close)
    _insert(account_id, list(rows.values()), at)
    return {key: _known(row) for key, row in rows.items()}


def _verdict(account_id: UUID, close: VenueClose, at: datetime) -> VerdictItem:
    holder = close.holder
    proposed = ProposedOrder(
        account_id, holder.bot_id, holder.instrument_id, "flatten", close.side, "market",
        close.amount, reduce_only=True,
    )  # fmt: skip
    said = Refusal(NOT_JUDGED, {"reason": close.kind, "order": close.venue_order_id})
    return VerdictItem(proposed, Judgement((said,), None, ZERO), at=at)


def _insert(account_id: UUID, rows: Sequence[_Row], at: datetime) -> None:
    columns = [
        [row.id for row in rows],
        [row.name for row in rows],
        [row.close.holder.bot_id for row in rows],
        [row.close.holder.config_id for row in rows],
        [row.close.holder.instrument_id for row in rows],
        [row.verdict_id for row in rows],
        [row.close.side for row in rows],
        [row.close.amount for row in rows],
        [row.venue_order_id for row in rows],
        [f"{row.close.kind} by the venue at {plain(row.close.price)}" for row in rows],
    ]
    with connection.cursor() as cursor:
        given: list[Any] = [account_id, at, market_now(), at, *columns]
        cursor.execute(_INSERT, given)
    happenings = []
    for row in rows:
        happenings.append(Happening(row.id, "", "created", "venue", {"kind": row.close.kind}))
        happenings.append(Happening(row.id, "created", "submitted", "venue"))
    write_events(happenings=happenings, at=at)


def _known(row: _Row) -> KnownOrder:
    close, holder = row.close, row.close.holder
    return KnownOrder(
        row.id, row.name, holder.bot_id, holder.instrument_id, "flatten", close.side, close.symbol,
        holder.base, holder.quote, holder.amount_step, holder.stage,
        Progress("submitted", close.amount, venue_order_id=row.venue_order_id),
    )  # fmt: skip
