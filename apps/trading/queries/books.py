"""Step 5 of a cycle: what stands in the books, read again under their lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.core.domain.money import ZERO
from apps.orders.domain.lifecycle import UNFINISHED
from apps.risk.domain.forms import Exposure
from apps.trading.domain.batch import Pair

# Positions and orders in one statement: an absorb between two would count a fill twice or never.
_PAIRS: Final = """
SELECT k.bot_id, k.instrument_id, coalesce(p.amount, 0), coalesce(p.basis, 0), o.opening,
    o.entering_cost, o.leaving, o.stop_id, o.entries,
    o.targets
FROM unnest(%(bots)s::uuid[], %(instruments)s::int[]) k(bot_id, instrument_id)
LEFT JOIN portfolio_position p USING (bot_id, instrument_id)
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(CASE x.side WHEN 'buy' THEN x.amount - x.filled ELSE x.filled - x.amount END)
            FILTER (WHERE x.purpose <> 'protect'), 0) AS opening,
        coalesce(sum((x.amount - x.filled) * v.reservation_price)
            FILTER (WHERE x.purpose = 'entry'), 0) AS entering_cost,
        coalesce(sum(x.amount - x.filled)
            FILTER (WHERE x.purpose IN ('reduce', 'flatten')), 0) AS leaving,
        (array_agg(x.id ORDER BY x.type = 'limit', x.id DESC)
            FILTER (WHERE x.purpose = 'protect'))[1] AS stop_id,
        array_agg(x.id) FILTER (WHERE x.purpose = 'entry') AS entries,
        array_agg(x.id) FILTER (WHERE x.purpose = 'protect' AND x.type = 'limit'
            AND g.is_native IS NOT TRUE) AS targets
    FROM orders_order x JOIN risk_verdict v ON v.id = x.verdict_id
    LEFT JOIN orders_ordergroup g ON g.id = x.group_id
    WHERE x.bot_id = k.bot_id AND x.instrument_id = k.instrument_id AND x.status = ANY(%(unfinished)s)) o
"""
_STOPS: Final = """
SELECT instrument_id, sum((purpose = 'entry')::int + (type NOT IN ('market', 'limit'))::int)::int
FROM orders_order
WHERE account_id = %s AND status = ANY(%s)
    AND (purpose = 'entry' OR type NOT IN ('market', 'limit'))
GROUP BY instrument_id
"""
_GROUPS: Final = (
    "GROUP BY GROUPING SETS ((), (account_id), (instrument_id), (bot_id))"
    " HAVING bot_id IS NULL OR bot_id = ANY(%(bots)s)"
)
_HELD: Final = f"""
SELECT account_id, bot_id, instrument_id, sum(abs(amount) * last), sum(amount * last - basis),
    bool_or(last IS NULL)
FROM (SELECT p.account_id, p.bot_id, p.instrument_id, p.amount, p.basis,
             coalesce(q.mark, q.last) AS last
      FROM portfolio_position p LEFT JOIN marketdata_quote q USING (instrument_id)
      WHERE p.amount <> 0) h {_GROUPS}
"""  # noqa: S608 - our own statement
_OPEN: Final = f"""
SELECT account_id, bot_id, instrument_id, sum(cost) FILTER (WHERE purpose = 'entry'), count(*)
FROM (SELECT o.account_id, o.bot_id, o.instrument_id, o.purpose,
             (o.amount - o.filled) * v.reservation_price AS cost
      FROM orders_order o JOIN risk_verdict v ON v.id = o.verdict_id
      WHERE o.status = ANY(%(unfinished)s)) h {_GROUPS}
"""  # noqa: S608 - our own statement
_DAY: Final = """
SELECT account_id, bot_id, sum(result)
FROM (SELECT b.account_id, r.bot_id, r.realised_profit - r.fees + r.funding AS result
      FROM portfolio_dailyresult r JOIN bots_bot b ON b.id = r.bot_id WHERE r.day = %(day)s) h
GROUP BY GROUPING SETS ((), (account_id), (bot_id)) HAVING bot_id IS NULL OR bot_id = ANY(%(bots)s)
"""
Scope = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class PairBook:
    """One bot and instrument: amounts in base units, `basis` and `entering_cost` in quote units.

    `opening` = open entries minus open exits; `stop_id` = the newest unfinished stop; `entries`
    = unfinished entry orders; `targets` = unfinished targets that the venue does not tie to it.
    """

    amount: Decimal
    basis: Decimal
    opening: Decimal
    entering_cost: Decimal
    leaving: Decimal
    stop_id: UUID | None
    entries: list[UUID] | None
    targets: list[UUID] | None = None


def pair_books(pairs: Sequence[Pair]) -> dict[Pair, PairBook]:
    """Return the books of these pairs from one snapshot."""
    params: dict[str, Any] = {
        "bots": [bot for bot, _ in pairs],
        "instruments": [instrument for _, instrument in pairs],
        "unfinished": sorted(UNFINISHED),
    }
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, params)
        return {(row[0], row[1]): PairBook(*row[2:]) for row in cursor.fetchall()}


def stop_counts(account_id: UUID) -> dict[int, int]:
    """Return per instrument the account's stops: resting, or promised to an open entry."""
    with connection.cursor() as cursor:
        cursor.execute(_STOPS, [account_id, sorted(UNFINISHED)])
        return dict(cursor.fetchall())


def exposures(*, bot_ids: Sequence[UUID], day: date) -> dict[Scope, Exposure]:
    """Return exposure by scope: desk, every account and instrument, and these bots.

    A scope that holds something without a price is unreadable; `day` is the market's UTC day.
    The day's result counts what is realised that day and all that is unrealised.
    """
    params: dict[str, Any] = {"bots": list(bot_ids), "unfinished": sorted(UNFINISHED), "day": day}
    found: dict[Scope, Exposure] = {}
    with connection.cursor() as cursor:
        cursor.execute(_HELD, params)
        for account, bot, instrument, gross, unrealised, unknown in cursor.fetchall():
            known = not unknown
            found[_scope(account, bot, instrument)] = Exposure(
                (gross or ZERO) if known else None, 0, (unrealised or ZERO) if known else None
            )
        cursor.execute(_OPEN, params)
        for account, bot, instrument, cost, count in cursor.fetchall():
            exposure = found.setdefault(_scope(account, bot, instrument), Exposure())
            exposure.open_orders = count
            if exposure.gross_cost is not None:
                exposure.gross_cost += cost or ZERO
        cursor.execute(_DAY, params)
        for account, bot, result in cursor.fetchall():
            exposure = found.setdefault(_scope(account, bot, None), Exposure())
            if exposure.daily_result is not None:
                exposure.daily_result += result or ZERO
    return found


def _scope(account: UUID | None, bot: UUID | None, instrument: int | None) -> Scope:
    if bot is not None:
        return ("bot", bot)
    if account is not None:
        return ("account", account)
    return ("desk", None) if instrument is None else ("instrument", instrument)
