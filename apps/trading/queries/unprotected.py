"""Positions whose declared exits are not at the venue as they should be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from apps.core.statements import run
from apps.orders.domain.exits import resting_kinds
from apps.risk.domain.forms import Rules
from apps.trading.domain.protection import Unprotected

_UNFINISHED: Final = (
    "('created', 'submitted', 'unknown', 'open', 'partially_filled', 'pending_cancel')"
)


def _rows(pairs: Iterable[tuple[str, str]]) -> str:
    """Return (venue, kind) pairs as SQL rows; the words come from the capability table."""
    return ", ".join(f"('{venue}', '{kind}')" for venue, kind in pairs) or "('', '')"


_RESTING: Final = {is_trailing: _rows(pairs) for is_trailing, pairs in resting_kinds().items()}
_LEG: Final = f"""(
    SELECT DISTINCT ON (o.bot_id, o.instrument_id) o.bot_id, o.instrument_id, o.id,
        o.amount - o.filled AS remaining, o.price, o.stop_price, o.trailing_rate
    FROM orders_order o
    WHERE o.purpose = 'protect' AND o.type {{types}} AND o.status IN {_UNFINISHED} AND {{where}}
    ORDER BY o.bot_id, o.instrument_id, o.id DESC)"""  # noqa: S608 - our own statement
# A group that is open says where its exits stand; what it does not say, the config does.
# Dust (what the venue would refuse as a stop) is exempt, so is a position that is leaving, and for
# ten seconds one whose very stop the venue refused; what is being flattened gets no new stop. A
# stop that another order replaces no longer counts.
# The scalar sub-selects run for the few rows that come out, not for every position.
_POSITIONS: Final = f"""
SELECT p.account_id, p.bot_id, b.config_id, p.instrument_id, i.symbol, p.opened_at, w.amount,
    e.stop_price, p.amount AS held, p.basis, s.id AS stop_id,
    (SELECT count(*) FROM orders_order o WHERE o.bot_id = p.bot_id
        AND o.instrument_id = p.instrument_id AND o.purpose IN ('protect', 'reduce')) AS attempts,
    i.price_tick, i.amount_step, i.amount_min, i.cost_min, i.stop_orders_max, i.is_tradable, q.last,
    w.side, e.trailing_rate, e.target_price, r.rests, t.id AS target_id, g.id AS group_id,
    a.venue, i.kind, a.position_mode, c.execution::text,
    (s.id IS NOT NULL AND s.remaining = w.amount
        AND s.trailing_rate IS NOT DISTINCT FROM e.trailing_rate
        AND (e.trailing_rate IS NOT NULL OR s.stop_price = e.stop_price)) AS stop_fits,
    (t.id IS NOT NULL AND t.remaining = w.amount AND t.price = e.target_price) AS target_fits,
    b.slug
FROM portfolio_position p
JOIN bots_bot b ON b.id = p.bot_id
JOIN venues_venueaccount a ON a.id = p.account_id
JOIN bots_botconfig c ON c.id = b.config_id
JOIN marketdata_instrument i ON i.id = p.instrument_id
LEFT JOIN marketdata_quote q ON q.instrument_id = p.instrument_id
LEFT JOIN orders_ordergroup g ON g.bot_id = p.bot_id AND g.instrument_id = p.instrument_id
    AND g.state = 'open' AND g.side = CASE WHEN p.amount > 0 THEN 'sell' ELSE 'buy' END
CROSS JOIN LATERAL (
    SELECT trunc(abs(p.amount) / i.amount_step) * i.amount_step AS amount,
        CASE WHEN p.amount > 0 THEN 'sell' ELSE 'buy' END AS side,
        CASE WHEN p.amount > 0 THEN 1 ELSE -1 END AS sign,
        p.basis / nullif(p.amount, 0) AS entry) w
CROSS JOIN LATERAL (
    SELECT coalesce((g.terms->>'stop_price')::numeric, CASE WHEN w.sign > 0
            THEN trunc(w.entry * (1 - (c.protection->>'stop_loss')::numeric) / i.price_tick)
            ELSE ceil(w.entry * (1 + (c.protection->>'stop_loss')::numeric) / i.price_tick)
            END * i.price_tick) AS stop_price,
        CASE WHEN g.terms ? 'stop_price' THEN NULL ELSE coalesce((g.terms->>'trailing_rate')::numeric,
            (c.protection->>'trailing_stop')::numeric) END AS trailing_rate,
        coalesce((g.terms->>'target_price')::numeric, CASE WHEN w.sign > 0
            THEN ceil(w.entry * (1 + (c.protection->>'take_profit')::numeric) / i.price_tick)
            ELSE trunc(w.entry * (1 - (c.protection->>'take_profit')::numeric) / i.price_tick)
            END * i.price_tick) AS target_price) e
CROSS JOIN LATERAL (
    SELECT e.target_price IS NOT NULL AND CASE WHEN e.trailing_rate IS NULL
        THEN (a.venue, i.kind) IN ({_RESTING[False]}) ELSE (a.venue, i.kind) IN ({_RESTING[True]})
        END AS rests) r
LEFT JOIN {_LEG.format(types="<> 'limit'", where="{where_order}")} s
    ON s.bot_id = p.bot_id AND s.instrument_id = p.instrument_id
LEFT JOIN {_LEG.format(types="= 'limit'", where="{where_order}")} t
    ON t.bot_id = p.bot_id AND t.instrument_id = p.instrument_id
WHERE {{where_position}}
    AND abs(p.amount) >= i.amount_step AND w.entry > 0
    AND w.amount >= i.amount_min AND e.stop_price > 0 AND w.amount * e.stop_price >= i.cost_min
    AND ((s.id IS NOT NULL AND s.remaining = w.amount
            AND s.trailing_rate IS NOT DISTINCT FROM e.trailing_rate
            AND (e.trailing_rate IS NOT NULL OR s.stop_price = e.stop_price)) IS NOT TRUE
        OR (r.rests AND (t.id IS NOT NULL AND t.remaining = w.amount
            AND t.price = e.target_price) IS NOT TRUE)
        OR (e.target_price IS NOT NULL AND NOT r.rests
            AND (q.last - e.target_price) * w.sign >= 0))
    AND NOT EXISTS (
        SELECT FROM orders_order o
        WHERE o.bot_id = p.bot_id AND o.instrument_id = p.instrument_id
            AND o.purpose IN ('reduce', 'flatten') AND o.status IN {_UNFINISHED})
    AND NOT EXISTS (
        SELECT FROM orders_order o
        WHERE o.bot_id = p.bot_id AND o.instrument_id = p.instrument_id AND o.purpose = 'protect'
            AND o.decided_at > now() - interval '10 minutes'
            AND (o.stop_price = e.stop_price OR o.trailing_rate = e.trailing_rate
                OR o.price = e.target_price) AND o.amount = w.amount
            AND o.status = 'rejected' AND o.status_reason NOT LIKE 'NOT_AT_VENUE%%'
            AND o.ended_at > now() - interval '10 seconds')
    AND NOT EXISTS (
        SELECT FROM risk_restriction r
        WHERE r.flatten AND r.lifted_at IS NULL AND (r.scope_kind = 'desk'
            OR (r.scope_kind, r.scope_id) IN (('account', p.account_id::text), ('bot', p.bot_id::text))))
"""  # noqa: S608 - our own statement
UNPROTECTED: Final = _POSITIONS.format(where_position="true", where_order="true")
_OF_ACCOUNT: Final = _POSITIONS.format(
    where_position="p.account_id = %(account)s", where_order="o.account_id = %(account)s"
)
# Fifteen tables take longer to plan than to read: planned once a connection.
_IN_ORDER: Final = _OF_ACCOUNT + 'ORDER BY b.slug COLLATE "C", i.symbol COLLATE "C"'


def unprotected_positions(*, account_id: UUID) -> list[Unprotected]:
    """Return the account's positions that need an exit made or replaced, by bot and symbol."""
    return [
        Unprotected(*(*row[:12], Rules(*row[12:18]), *row[18:31]))
        for row in run(_IN_ORDER, {"account": account_id})
    ]
