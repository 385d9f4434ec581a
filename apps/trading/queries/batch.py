"""Step 2 of a cycle: everything that is known, once for the whole batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from json import dumps
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import connection

from apps.orders.domain.lifecycle import UNFINISHED
from apps.risk.domain.forms import Rules
from apps.trading.domain.batch import BotRow, Holding, InstrumentRow, Target

T = TypeVar("T")
_BOTS: Final = """
SELECT b.id, b.slug, b.state, b.stage, c.id, s.name, v.source_hash, c.parameters::text,
    c.sizing::text, c.protection::text, i.ids,
    c.execution::text
FROM bots_bot b
JOIN bots_botconfig c ON c.id = b.config_id
JOIN strategies_strategyversion v ON v.id = c.strategy_version_id
JOIN strategies_strategy s ON s.id = v.strategy_id
JOIN (SELECT x.config_id, array_agg(x.instrument_id ORDER BY m.symbol COLLATE "C") AS ids
      FROM bots_botconfiginstrument x JOIN marketdata_instrument m ON m.id = x.instrument_id
      GROUP BY x.config_id) i ON i.config_id = c.id
LEFT JOIN bots_cycle y ON y.bot_id = b.id AND y.scheduled_for = %(at)s
WHERE b.account_id = %(account)s AND c.timeframe = %(timeframe)s
    AND b.state IN ('running', 'paused') AND b.archived_at IS NULL
    AND (y.status IS NULL OR y.status = 'open')
ORDER BY b.slug COLLATE "C"
"""
_INSTRUMENTS: Final = """
SELECT id, symbol, base, quote, price_tick, amount_step, amount_min, cost_min, stop_orders_max,
    is_tradable, kind, leverage_max, maintenance_rate
FROM marketdata_instrument WHERE id = ANY(%s)
"""
# A row a bot, not one a pair: making ids and numbers of 200,000 rows took longer than deciding.
_TARGETS: Final = """
SELECT bot_id, string_agg(instrument_id || ' ' || exposure || ' ' || trim_scale(target_amount)
    || ' ' || left(stopped_out::text, 1), ';')
FROM bots_bottarget WHERE bot_id = ANY(%s) GROUP BY bot_id
"""
_HELD: Final = """
SELECT bot_id, string_agg(instrument_id || ' ' || trim_scale(amount) || ' ' || trim_scale(basis), ';')
FROM portfolio_position WHERE bot_id = ANY(%s) AND amount <> 0 GROUP BY bot_id
"""
_OPEN: Final = """
SELECT bot_id, instrument_id,
    sum(CASE side WHEN 'buy' THEN amount - filled ELSE filled - amount END)
FROM orders_order
WHERE account_id = %s AND status = ANY(%s) AND purpose <> 'protect'
GROUP BY bot_id, instrument_id
"""
# A perpetual is worth what it has gained: its row has no asset, and its basis to take off.
_BALANCES: Final = """
SELECT b.asset, b.amount, i.id, q.last, 0::numeric
FROM portfolio_balance b
JOIN venues_venueaccount a ON a.id = b.account_id
LEFT JOIN marketdata_instrument i ON i.venue = a.venue AND i.environment = a.environment
    AND i.base = b.asset AND i.quote = a.quote_asset AND i.kind = 'spot'
LEFT JOIN marketdata_quote q ON q.instrument_id = i.id
WHERE b.account_id = %(account)s
UNION ALL
SELECT '', p.amount, i.id, coalesce(q.mark, q.last), p.basis
FROM portfolio_position p
JOIN marketdata_instrument i ON i.id = p.instrument_id AND i.kind = 'linear'
LEFT JOIN marketdata_quote q ON q.instrument_id = i.id
WHERE p.account_id = %(account)s AND p.amount <> 0
"""


def _rows(sql: str, params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def due_bots(*, account_id: UUID, timeframe: str, at: datetime) -> list[BotRow]:
    """Return the active bots whose cycle of `at` is not closed, in the order of their slugs."""
    params = {"account": account_id, "timeframe": timeframe, "at": at}
    return [BotRow(*(*row[:10], tuple(row[10]), row[11])) for row in _rows(_BOTS, params)]


def instruments(ids: Iterable[int]) -> dict[int, InstrumentRow]:
    """Return instruments with their rules by id."""
    return {
        row[0]: InstrumentRow(*(*row[:4], Rules(*row[4:10]), dumps(row[1]), *row[10:]))
        for row in _rows(_INSTRUMENTS, [sorted(ids)])
    }


def targets(bot_ids: Sequence[UUID]) -> dict[UUID, dict[int, Target]]:
    """Return what these bots last wanted, by bot and instrument."""
    return {bot: _parse(text, _target) for bot, text in _rows(_TARGETS, [list(bot_ids)])}


def held(bot_ids: Sequence[UUID]) -> dict[UUID, dict[int, Holding]]:
    """Return what these bots hold, by bot and instrument; amounts in base, basis in quote units."""
    return {bot: _parse(text, _holding) for bot, text in _rows(_HELD, [list(bot_ids)])}


def _parse(text: str, make: Callable[[str], T]) -> dict[int, T]:
    """Return the rows of one bot: "instrument value value;instrument value value"."""
    parts = [row.split(" ", 1) for row in text.split(";")]
    return {int(instrument_id): make(values) for instrument_id, values in parts}


@lru_cache(maxsize=65536)
def _target(text: str) -> Target:
    exposure, amount, stopped_out = text.split(" ")
    return Target(float(exposure), Decimal(amount), stopped_out == "t")


@lru_cache(maxsize=65536)
def _holding(text: str) -> Holding:
    amount, basis = text.split(" ")
    return Holding(Decimal(amount), Decimal(basis))


def open_amounts(account_id: UUID) -> dict[UUID, dict[int, Decimal]]:
    """Return unfinished entries minus unfinished exits of an account's bots, base units."""
    found: defaultdict[UUID, dict[int, Decimal]] = defaultdict(dict)
    for bot_id, instrument_id, amount in _rows(_OPEN, [account_id, sorted(UNFINISHED)]):
        found[bot_id][instrument_id] = amount
    return found


def balance_rows(
    account_id: UUID,
) -> list[tuple[str, Decimal, int | None, Decimal | None, Decimal]]:
    """Return (asset, amount, instrument against the quote asset, its last price, basis).

    A perpetual that is held has a row without asset; its price is the mark where one is known.
    """
    return _rows(_BALANCES, {"account": account_id})
