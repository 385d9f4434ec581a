"""Step 1: open the cycle rows. UNIQUE (bot, scheduled_for) makes "once"."""

from __future__ import annotations

from typing import Final

from django.db import connection

from apps.core.clock import now
from apps.trading.domain.batch import Batch

_OPEN: Final = """
INSERT INTO bots_cycle (bot_id, scheduled_for, config_id, status, opened_at)
SELECT k.bot_id, %s, k.config_id, 'open', %s FROM unnest(%s::uuid[], %s::uuid[]) k(bot_id, config_id)
ON CONFLICT (bot_id, scheduled_for) DO NOTHING
"""


def open_cycles(*, batch: Batch) -> None:
    """Open a row for every bot of the batch; one that an interrupted run opened is continued."""
    bots = [bot.bot_id for bot in batch.bots]
    configs = [bot.config_id for bot in batch.bots]
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [batch.at, now(), bots, configs])
