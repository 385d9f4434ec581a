"""Remember what bots want: the platform's memory between cycles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection

from apps.trading.domain.batch import Batch
from apps.trading.domain.wishes import Decision

_WRITE: Final = """
INSERT INTO bots_bottarget (bot_id, instrument_id, exposure, target_amount, stopped_out, changed_at)
SELECT k.*, %s FROM unnest(%s::uuid[], %s::int[], %s::float8[], %s::numeric[], %s::bool[]) k
ON CONFLICT (bot_id, instrument_id) DO UPDATE SET exposure = excluded.exposure,
    target_amount = excluded.target_amount, stopped_out = excluded.stopped_out,
    changed_at = excluded.changed_at
"""


def write_targets(*, batch: Batch, decisions: Sequence[Decision]) -> None:
    """Write every target that changed, in one statement and none when nothing changed."""
    rows = [
        (d.bot.bot_id, w.instrument.id, w.new_target.exposure, w.new_target.amount, w.new_target.stopped_out)
        for d in decisions
        for w in d.wishes
        if w.new_target is not None
    ]  # fmt: skip
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [batch.at, *map(list, zip(*rows, strict=True))])
