"""End the targets of bots that a protective order has stopped out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import connection

from apps.portfolio.domain.books import Pair
from apps.portfolio.queries import columns

_END: Final = """
UPDATE bots_bottarget t SET target_amount = 0, stopped_out = true, changed_at = s.at
FROM unnest(%s::uuid[], %s::int[], %s::timestamptz[]) s(bot_id, instrument_id, at)
WHERE t.bot_id = s.bot_id AND t.instrument_id = s.instrument_id
"""


def end_targets(*, stopped: Mapping[Pair, datetime]) -> None:
    """Set the target of each pair to nothing, as of its market time.

    The recorded exposure stays, so that only a changed opinion of the strategy sets a new target.
    """
    if not stopped:
        return
    with connection.cursor() as cursor:
        cursor.execute(_END, [*columns(stopped), [stopped[pair] for pair in sorted(stopped)]])
