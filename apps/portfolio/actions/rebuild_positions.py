"""Derive positions, round trips and daily results anew from fills, and mend what differs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from apps.core.clock import now
from apps.portfolio.actions.absorb_lock import absorb_lock
from apps.portfolio.actions.write_books import Owner, write_books
from apps.portfolio.domain.books import Change, Pair
from apps.portfolio.domain.position import Applied, DayResult, State, Unit, apply_fills
from apps.portfolio.queries import executions, funding_days, states, stored_days, stored_trips

_PAIRS = """
SELECT b.id, i.id, i.base, i.quote, i.amount_step,
    CASE i.kind WHEN 'linear' THEN coalesce(nullif(i.settle, ''), i.quote) ELSE '' END, b.stage
FROM (SELECT bot_id, instrument_id FROM orders_fill WHERE account_id = %s
      UNION SELECT bot_id, instrument_id FROM portfolio_position WHERE account_id = %s) k
JOIN bots_bot b ON b.id = k.bot_id JOIN marketdata_instrument i ON i.id = k.instrument_id
"""
_FUNDING: Final = """
UPDATE portfolio_position p SET funding = s.amount, updated_at = %s
FROM (SELECT q.bot_id, q.instrument_id, coalesce(sum(s.amount), 0) AS amount
      FROM portfolio_position q
      LEFT JOIN (SELECT x.bot_id, f.instrument_id, x.amount FROM portfolio_fundingshare x
                 JOIN portfolio_fundingpayment f ON f.id = x.payment_id) s USING (bot_id, instrument_id)
      WHERE q.account_id = %s GROUP BY 1, 2) s
WHERE p.bot_id = s.bot_id AND p.instrument_id = s.instrument_id AND p.funding <> s.amount
RETURNING p.bot_id, p.instrument_id
"""


@dataclass(slots=True)
class RebuildSummary:
    """How many pairs were derived, and the (bot, instrument) pairs and days that were mended."""

    pairs: int = 0
    positions: list[Pair] = field(default_factory=list)
    days: list[tuple[UUID, date]] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """How many rows differed; nothing on a healthy desk."""
        return len(self.positions) + len(self.days)


def rebuild_positions(*, account_id: UUID) -> RebuildSummary:
    """Derive the account's positions from its fills and store what differs.

    Changes nothing on a healthy desk. Runs beside trading: it holds the account's absorb lock.
    """
    with transaction.atomic():
        absorb_lock(account_id=account_id)
        units, owners = _pairs(account_id)
        fills = executions(pairs=units)
        derived = {
            pair: apply_fills(state=State(), fills=fills.get(pair, []), unit=unit)
            for pair, unit in units.items()
        }
        summary = RebuildSummary(pairs=len(units))
        changes = _differences(derived, summary)
        days = _day_differences(account_id, derived, summary)
        write_books(changes=changes, owners=owners, at=now(), corrections=days)
        _mend_funding(account_id, summary)
    return summary


def _mend_funding(account_id: UUID, summary: RebuildSummary) -> None:
    """Set each position's funding to the sum of its shares."""
    with connection.cursor() as cursor:
        cursor.execute(_FUNDING, [now(), account_id])
        mended = {(bot, instrument) for bot, instrument in cursor.fetchall()}
    summary.positions += sorted(mended - set(summary.positions))


def _pairs(account_id: UUID) -> tuple[dict[Pair, Unit], dict[Pair, Owner]]:
    units, owners = {}, {}
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, [account_id, account_id])
        for bot, instrument, base, quote, step, settle, stage in cursor.fetchall():
            units[bot, instrument] = Unit(base, quote, step, settle)
            owners[bot, instrument] = Owner(account_id, stage)
    return units, owners


def _differences(derived: dict[Pair, Applied], summary: RebuildSummary) -> dict[Pair, Change]:
    held, trips = states(pairs=derived), stored_trips(pairs=derived)
    changes = {}
    for pair, applied in sorted(derived.items()):
        stored = sorted(trip for key, trip in trips if key == pair for _ in trips[key, trip])
        if held.get(pair, State()) != applied.state or stored != sorted(applied.trips):
            summary.positions.append(pair)
            changes[pair] = Change(applied.state, applied.trips, {}, is_rebuilt=True)
    return changes


def _day_differences(
    account_id: UUID, derived: dict[Pair, Applied], summary: RebuildSummary
) -> dict[tuple[UUID, date], DayResult]:
    """Return what each stored day lacks."""
    wanted: dict[tuple[UUID, date], DayResult] = defaultdict(DayResult)
    for (bot, _), applied in derived.items():
        for day, result in applied.days.items():
            wanted[bot, day].add(result)
    for (bot, day), funding in funding_days(account_id=account_id).items():
        wanted[bot, day].add(DayResult(funding=funding))
    stored = stored_days(bot_ids=sorted({bot for bot, _ in derived}))
    found = {}
    for key in sorted(wanted.keys() | stored.keys()):
        lacking = wanted.get(key, DayResult()).minus(stored.get(key, DayResult()))
        if lacking != DayResult():
            found[key] = lacking
            summary.days.append(key)
    return found
