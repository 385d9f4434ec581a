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

Key = tuple[UUID, int, str]
NOT_JUDGED: Final = "NOT_JUDGED"
_EXISTING: Final = """
UPDATE orders_order o SET amount = o.amount + k.amount
FROM unnest(%s::text[], %s::numeric[]) k(name, amount)
WHERE o.client_order_id = k.name
RETURNING o.client_order_id, o.id, o.status, o.amount, o.filled, o.cost, o.venue_status,
    o.venue_filled, o.venue_order_id
"""
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
    """What a venue closed of one bot's holding by one of its own orders; amount in base units."""

    holder: Holder
    symbol: str
    venue_order_id: str
    side: str
    amount: Decimal
    price: Decimal
    kind: str


def record_venue_orders(
    *, account_id: UUID, closes: Mapping[Key, VenueClose], at: datetime
) -> dict[Key, KnownOrder]:
    """Make or enlarge a row per close and return the rows; `at` is real time.

    Their verdict says that nobody judged them. Where one venue order closed for several bots, only
    the first keeps its id as it is, the others carry their bot behind it.
    """
    names = {
        key: own_name(
            account_id=account_id, symbol=close.symbol, venue_order_id=close.venue_order_id,
            bot_id=close.holder.bot_id,
        )
        for key, close in closes.items()
    }  # fmt: skip
    known = _enlarge({names[key]: close.amount for key, close in closes.items()})
    missing = [key for key in sorted(closes) if names[key] not in known]
    if missing:
        rows = _rows(account_id, {key: closes[key] for key in missing}, at)
        _insert(account_id, [(names[key], closes[key], *row) for key, row in rows.items()], at)
        known |= {
            names[key]: (order_id, Progress("submitted", closes[key].amount, venue_order_id=number))
            for key, (order_id, _, number) in rows.items()
        }
    return {key: _known(names[key], close, *known[names[key]]) for key, close in closes.items()}


def _enlarge(amounts: Mapping[str, Decimal]) -> dict[str, tuple[UUID, Progress]]:
    with connection.cursor() as cursor:
        cursor.execute(_EXISTING, [list(amounts), list(amounts.values())])
        return {row[0]: (row[1], Progress(*row[2:])) for row in cursor.fetchall()}


def _rows(
    account_id: UUID, closes: Mapping[Key, VenueClose], at: datetime
) -> dict[Key, tuple[UUID, UUID, str]]:
    """Return for each close its order's id, its verdict's id and the venue's order id it bears."""
    items = [_verdict(account_id, close, at) for close in closes.values()]
    verdicts = record_verdicts(items=items)
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [account_id, [close.venue_order_id for close in closes.values()]])
        taken: set[Any] = set(cursor.fetchall())
    found = {}
    for (key, close), verdict in zip(closes.items(), verdicts, strict=True):
        bot_id, instrument_id, number = key
        if (instrument_id, number) in taken:
            number = f"{close.venue_order_id}{PART}{bot_id.hex[-8:]}"
        taken.add((instrument_id, number))
        found[key] = (new_id(), verdict, number)
    return found


def _verdict(account_id: UUID, close: VenueClose, at: datetime) -> VerdictItem:
    holder = close.holder
    proposed = ProposedOrder(
        account_id, holder.bot_id, holder.instrument_id, "flatten", close.side, "market",
        close.amount, reduce_only=True,
    )  # fmt: skip
    said = Refusal(NOT_JUDGED, {"reason": close.kind, "order": close.venue_order_id})
    return VerdictItem(proposed, Judgement((said,), None, ZERO), at=at)


def _insert(
    account_id: UUID, rows: Sequence[tuple[str, VenueClose, UUID, UUID, str]], at: datetime
) -> None:
    columns = [
        [order_id for _, _, order_id, _, _ in rows],
        [name for name, *_ in rows],
        [close.holder.bot_id for _, close, *_ in rows],
        [close.holder.config_id for _, close, *_ in rows],
        [close.holder.instrument_id for _, close, *_ in rows],
        [verdict for _, _, _, verdict, _ in rows],
        [close.side for _, close, *_ in rows],
        [close.amount for _, close, *_ in rows],
        [number for *_, number in rows],
        [f"{close.kind} by the venue at {plain(close.price)}" for _, close, *_ in rows],
    ]
    with connection.cursor() as cursor:
        given: list[Any] = [account_id, at, market_now(), at, *columns]
        cursor.execute(_INSERT, given)
    happenings = []
    for _, close, order_id, _, _ in rows:
        happenings.append(Happening(order_id, "", "created", "venue", {"kind": close.kind}))
        happenings.append(Happening(order_id, "created", "submitted", "venue"))
    write_events(happenings=happenings, at=at)


def _known(name: str, close: VenueClose, order_id: UUID, progress: Progress) -> KnownOrder:
    holder = close.holder
    return KnownOrder(
        order_id, name, holder.bot_id, holder.instrument_id, "flatten", close.side, close.symbol,
        holder.base, holder.quote, holder.amount_step, holder.stage, progress,
    )  # fmt: skip
