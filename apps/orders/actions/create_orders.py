"""Record judged orders, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from apps.core.errors import DeskError
from apps.core.ids import new_id
from apps.core.statements import rows_as_json, run
from apps.orders.domain.client_ids import client_order_id
from apps.orders.domain.drafts import OrderDraft

# the columns that a draft names as its own attributes
_TERMS: Final = (
    "account_id", "bot_id", "config_id", "instrument_id", "verdict_id", "cycle_at", "halt_id",
    "replaces_id", "purpose", "side", "type", "time_in_force", "post_only", "reduce_only",
    "amount", "price", "stop_price", "arrival_price", "send_by", "decided_at", "is_amendment",
    "replaced_filled", "group_id", "origin", "requested_by", "reason", "trailing_rate",
    "worst_price", "expires_at", "tend_at", "position_side", "scheduled", "leg", "attempt",
)  # fmt: skip
_COLUMNS: Final = ", ".join(("id", "client_order_id", *_TERMS))
_terms_of: Final = attrgetter(*_TERMS)
# Intent before wire needs one flush: the claim's commit waits for the log, and the log holds what
# was recorded before it. A record that a crash of the server takes was never sent, and its cycle
# is due again.
_INSERT: Final = f"""
WITH flush AS (
    SELECT set_config('synchronous_commit', 'off', true) AS done WHERE %(is_flushed_later)s
), recorded AS (
    INSERT INTO orders_order ({_COLUMNS}, status, status_reason, venue_order_id, venue_status,
        venue_filled, filled, cost, fence)
    SELECT {_COLUMNS}, 'created', '', '', '', 0, 0, 0, 0
    FROM json_populate_recordset(NULL::orders_order, %(rows)s::json) LEFT JOIN flush ON true
    ON CONFLICT (client_order_id) DO NOTHING
    RETURNING id, decided_at
)
INSERT INTO orders_orderevent (order_id, at, before, after, cause, detail)
SELECT id, now(), '', 'created', 'recorded', '{{}}' FROM recorded ORDER BY decided_at, id
RETURNING order_id
"""  # noqa: S608 - names of columns above


def create_orders(*, drafts: Sequence[OrderDraft]) -> list[UUID]:
    """Record orders in the caller's transaction and return their ids in the order of `drafts`.

    An order that is already recorded (same content, same cycle) is left as it is: its id returns.

    :raises DeskError: `ORDERS_OUTSIDE_TRANSACTION`, since its verdict must commit with it.
    """
    if not connection.in_atomic_block:
        raise DeskError("ORDERS_OUTSIDE_TRANSACTION", orders=len(drafts))
    if not drafts:
        return []
    rows = [_row(draft) for draft in drafts]
    is_flushed_later = all(draft.origin == "cycle" and not draft.attempt for draft in drafts)
    values = {"rows": rows_as_json(rows), "is_flushed_later": is_flushed_later}
    if len(run(_INSERT, values)) == len(rows):
        return [row["id"] for row in rows]
    names = [row["client_order_id"] for row in rows]
    statement = (
        "SELECT client_order_id, id FROM orders_order WHERE client_order_id = ANY(%(names)s)"
    )
    known = dict(run(statement, {"names": names}))
    return [known[name] for name in names]


def _row(draft: OrderDraft) -> dict[str, Any]:
    name = client_order_id(draft=draft, key=settings.DESK_MARK_KEY)
    terms = zip(_TERMS, _terms_of(draft), strict=True)
    return {"id": new_id(), "client_order_id": name, **dict(terms)}
