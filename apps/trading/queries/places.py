"""Where bots stand in instruments: a few rows, for orders outside a cycle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection

from apps.risk.domain.forms import Rules
from apps.trading.domain.batch import Pair
from apps.trading.domain.places import Place

_PLACES: Final = """
SELECT b.account_id, b.id, b.config_id, i.id, i.symbol, b.slug, a.venue, i.kind, a.position_mode,
    b.stage, s.name, b.state, c.execution::text, (c.protection->>'stop_loss')::numeric,
    coalesce(p.amount, 0), coalesce(p.basis, 0), q.last, q.at, coalesce(q.source_venue, ''),
    i.price_tick, i.amount_step, i.amount_min, i.cost_min, i.stop_orders_max, i.is_tradable
FROM unnest(%s::uuid[], %s::int[]) k(bot_id, instrument_id)
JOIN bots_bot b ON b.id = k.bot_id
JOIN venues_venueaccount a ON a.id = b.account_id
JOIN bots_botconfig c ON c.id = b.config_id
JOIN strategies_strategyversion v ON v.id = c.strategy_version_id
JOIN strategies_strategy s ON s.id = v.strategy_id
JOIN marketdata_instrument i ON i.id = k.instrument_id AND i.venue = a.venue
    AND i.environment = a.environment
LEFT JOIN marketdata_quote q ON q.instrument_id = i.id
LEFT JOIN portfolio_position p ON p.bot_id = b.id AND p.instrument_id = i.id
"""


def places(pairs: Sequence[Pair]) -> dict[Pair, Place]:
    """Return where these (bot, instrument) pairs stand; a pair of another venue is left out."""
    if not pairs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [[bot for bot, _ in pairs], [i for _, i in pairs]])
        return {
            (row[1], row[3]): Place(*(*row[:16], Rules(*row[19:25]), *row[16:19]))
            for row in cursor.fetchall()
        }
