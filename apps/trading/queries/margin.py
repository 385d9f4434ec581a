"""What backs an account's perpetuals, and how each bot enters one; read under the books' lock."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.core.domain.money import ZERO
from apps.orders.domain.lifecycle import UNFINISHED
from apps.risk.domain.forms import Collateral, Margin
from apps.trading.domain.batch import Pair

# A position that the venue shows and no bot holds takes margin, too.
_COLLATERAL: Final = """
WITH held AS (
    SELECT p.instrument_id, p.amount, p.basis, coalesce(q.mark, q.last) AS price,
        coalesce((c.sizing->>'leverage')::numeric, 1) AS leverage
    FROM portfolio_position p
    JOIN marketdata_instrument i ON i.id = p.instrument_id AND i.kind = 'linear'
    JOIN bots_bot b ON b.id = p.bot_id JOIN bots_botconfig c ON c.id = b.config_id
    LEFT JOIN marketdata_quote q ON q.instrument_id = i.id
    WHERE p.account_id = %(account)s AND p.amount <> 0
), entering AS (
    SELECT (o.amount - o.filled) * v.reservation_price AS cost,
        coalesce((c.sizing->>'leverage')::numeric, 1) AS leverage
    FROM orders_order o
    JOIN marketdata_instrument i ON i.id = o.instrument_id AND i.kind = 'linear'
    JOIN risk_verdict v ON v.id = o.verdict_id
    JOIN bots_botconfig c ON c.id = o.config_id
    WHERE o.account_id = %(account)s AND o.purpose = 'entry' AND o.status = ANY(%(unfinished)s)
), strange AS (
    SELECT coalesce(v.margin, 0) AS margin, abs(v.amount) * coalesce(v.mark_price, 0) AS value
    FROM portfolio_venueposition v
    WHERE v.account_id = %(account)s AND v.amount <> 0
        AND NOT EXISTS (SELECT FROM held h WHERE h.instrument_id = v.instrument_id)
)
SELECT (SELECT b.amount FROM portfolio_balance b JOIN venues_venueaccount a ON a.id = b.account_id
        WHERE b.account_id = %(account)s AND b.asset = a.quote_asset),
    (SELECT sum(amount * price - basis) FROM held), (SELECT sum(abs(amount) * price / leverage) FROM held),
    (SELECT sum(abs(amount) * price) FROM held), (SELECT bool_or(price IS NULL) FROM held),
    (SELECT sum(cost / leverage) FROM entering), (SELECT sum(cost) FROM entering),
    (SELECT bool_or(cost IS NULL) FROM entering),
    (SELECT sum(margin) FROM strange), (SELECT sum(value) FROM strange)
"""
_TERMS: Final = """
SELECT k.bot_id, k.instrument_id, coalesce((c.sizing->>'leverage')::numeric, 1),
    coalesce(c.sizing->>'margin_mode', 'cross'), (c.protection->>'stop_loss')::numeric,
    i.leverage_max, i.maintenance_rate, s.leverage, s.margin_mode, s.problem,
    (SELECT max(v.leverage) FROM portfolio_venueposition v
     WHERE v.account_id = b.account_id AND v.instrument_id = i.id AND v.amount <> 0)
FROM unnest(%s::uuid[], %s::int[]) k(bot_id, instrument_id)
JOIN bots_bot b ON b.id = k.bot_id
JOIN bots_botconfig c ON c.id = b.config_id
JOIN marketdata_instrument i ON i.id = k.instrument_id
LEFT JOIN portfolio_venuesetting s ON s.account_id = b.account_id AND s.instrument_id = i.id
"""


def margins(*, account_id: UUID, pairs: Sequence[Pair]) -> dict[Pair, Margin]:
    """Return how each bot of the account enters its perpetual; all share one collateral."""
    if not pairs:
        return {}
    collateral = _collateral(account_id)
    with connection.cursor() as cursor:
        cursor.execute(_TERMS, [[bot for bot, _ in pairs], [i for _, i in pairs]])
        return {(row[0], row[1]): _margin(row, collateral) for row in cursor.fetchall()}


def _collateral(account_id: UUID) -> Collateral:
    with connection.cursor() as cursor:
        cursor.execute(_COLLATERAL, {"account": account_id, "unfinished": sorted(UNFINISHED)})
        row = cursor.fetchone()
    balance, unrealised, used, value, unknown = row[:5]
    entering, entering_value, unreadable, strange, strange_value = row[5:]
    is_known = balance is not None and not unknown and not unreadable
    return Collateral(
        equity=balance + (unrealised or ZERO) if is_known else None,
        used=_sum(used, entering, strange),
        value=_sum(value, entering_value, strange_value),
    )


def _sum(*parts: Decimal | None) -> Decimal:
    return sum((part for part in parts if part is not None), ZERO)


def _margin(row: tuple[Any, ...], collateral: Collateral) -> Margin:
    leverage, mode, stop_loss, leverage_max, maintenance, *setting, at_venue = row[2:]
    return Margin(
        leverage=leverage, mode=mode, stop_loss=stop_loss, collateral=collateral,
        leverage_max=leverage_max, maintenance_rate=maintenance,
        problem=_problem(leverage, mode, setting, at_venue),
    )  # fmt: skip


def _problem(leverage: Decimal, mode: str, setting: Sequence[Any], at_venue: Decimal | None) -> str:
    """Return why the venue is not known to be set to `leverage` and `mode`; nothing when it is."""
    set_leverage, set_mode, problem = setting
    if set_leverage is None:
        return "not yet set at the venue"
    if problem:
        return str(problem)
    if (set_leverage, set_mode) != (leverage, mode):
        return f"set to {set_leverage.normalize():f} {set_mode}"
    if at_venue is not None and at_venue != leverage:
        return f"the venue says {at_venue.normalize():f}"
    return ""
