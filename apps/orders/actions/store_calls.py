"""Keep what crossed the wire about orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from apps.core.ids import new_id
from apps.core.statements import rows_as_json, run
from apps.venues.domain.wire_record import WireRecord

INSERT_CALLS: Final = """
INSERT INTO orders_wirecall (id, account_id, order_id, verb, method, url, request, status, answer,
    error, at, duration_ms)
SELECT w.id, %(account)s, w.order_id, w.verb, w.method, w.url, w.request, w.status, w.answer,
    w.error, w.at, w.duration_ms
FROM json_populate_recordset(NULL::orders_wirecall, %(calls)s::json) w
"""


def store_calls(
    *, account_id: UUID, calls: Sequence[WireRecord], names: Mapping[str, UUID]
) -> None:
    """Store calls, one row for each order they were about; `names` maps our ids to orders."""
    if calls:
        rows = call_rows(calls=calls, names=names)
        run(INSERT_CALLS, {"calls": rows_as_json(rows), "account": account_id})


def call_rows(*, calls: Sequence[WireRecord], names: Mapping[str, UUID]) -> list[dict[str, Any]]:
    """Return the rows of `INSERT_CALLS`."""
    return [
        {
            "id": new_id(),
            "order_id": names.get(client_id),
            "verb": call.verb,
            "method": call.method,
            "url": _text(call.url),
            "request": _text(call.request),
            "status": call.status,
            "answer": _text(call.answer),
            "error": _text(call.error),
            "at": call.started_at,
            "duration_ms": call.duration_ms,
        }
        for call in calls
        for client_id in call.client_order_ids or [""]
    ]


def _text(value: str) -> str:
    # PostgreSQL keeps no zero bytes, and a sick venue may send any
    return value.replace("\x00", "\ufffd")
