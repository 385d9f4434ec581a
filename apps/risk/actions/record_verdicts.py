"""Record the verdicts of a batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from apps.core.ids import new_id
from apps.risk.domain.verdicts import VerdictItem, proposal_json, refusal_json

INSERT = """
INSERT INTO risk_verdict (id, account_id, bot_id, instrument_id, cycle_at, is_allowed, codes,
    proposal, reservation_price, reserved_cost, at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::timestamptz[], %s::bool[],
    %s::jsonb[], %s::jsonb[], %s::numeric[], %s::numeric[], %s::timestamptz[])
"""


def record_verdicts(*, items: Sequence[VerdictItem]) -> list[UUID]:
    """Write one verdict per item in one statement, in the caller's transaction; ids in order."""
    if not items:
        return []
    ids = [new_id() for _ in items]
    columns = (
        ids,
        [item.proposed.account_id for item in items],
        [item.proposed.bot_id for item in items],
        [item.proposed.instrument_id for item in items],
        [item.cycle_at for item in items],
        [item.judgement.is_allowed for item in items],
        [json.dumps([refusal_json(r) for r in item.judgement.refusals]) for item in items],
        [json.dumps(proposal_json(item.proposed)) for item in items],
        [item.judgement.reservation_price for item in items],
        [item.judgement.reserved_cost for item in items],
        [item.at for item in items],
    )
    with connection.cursor() as cursor:
        cursor.execute(INSERT, columns)
    return ids
