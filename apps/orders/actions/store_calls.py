"""Keep what crossed the wire about orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from apps.core.ids import new_id
from apps.core.statements import run
from apps.venues.domain.wire_record import WireRecord

INSERT_CALLS: Final = """
INSERT INTO orders_wirecall (id, account_id, order_id, verb, method, url, request, status, answer,
    error, at, duration_ms)
SELECT w.id, %(account)s, w.order_id, w.verb, w.method, w.url, w.request, w.status, w.answer,
    w.error, w.at, w.duration_ms
FROM unnest(%(call_ids)s::uuid[], %(call_orders)s::uuid[], %(verbs)s::text[], %(methods)s::text[],
    %(urls)s::text[], %(requests)s::text[], %(statuses)s::int[], %(texts)s::text[],
    %(errors)s::text[], %(call_times)s::timestamptz[], %(durations)s::float8[])
    w(id, order_id, verb, method, url, request, status, answer, error, at, duration_ms)
"""


def store_calls(
    *, account_id: UUID, calls: Sequence[WireRecord], names: Mapping[str, UUID]
) -> None:
    """Store calls, one row for each order they were about; `names` maps our ids to orders."""
    if calls:
        run(INSERT_CALLS, call_columns(calls=calls, names=names) | {"account": account_id})


def call_columns(*, calls: Sequence[WireRecord], names: Mapping[str, UUID]) -> dict[str, list[Any]]:
    """Return the columns of `INSERT_CALLS`."""
    rows = [
        (call, names.get(client_id))
        for call in calls
        for client_id in call.client_order_ids or [""]
    ]
    return {
        "call_ids": [new_id() for _ in rows],
        "call_orders": [order_id for _, order_id in rows],
        "verbs": [call.verb for call, _ in rows],
        "methods": [call.method for call, _ in rows],
        "urls": [_text(call.url) for call, _ in rows],
        "requests": [_text(call.request) for call, _ in rows],
        "statuses": [call.status for call, _ in rows],
        "texts": [_text(call.answer) for call, _ in rows],
        "errors": [_text(call.error) for call, _ in rows],
        "call_times": [call.started_at for call, _ in rows],
        "durations": [call.duration_ms for call, _ in rows],
    }


def _text(value: str) -> str:
    # PostgreSQL keeps no zero bytes, and a sick venue may send any
    return value.replace("\x00", "\ufffd")
