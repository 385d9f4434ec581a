"""Positions, results and equity in bulk: one statement each, whatever the number of bots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

ZERO = Decimal(0)

POSITIONS_SQL = """
SELECT p.bot_id,
       sum(abs(p.amount) * coalesce(q.mark, q.last)) FILTER (WHERE abs(p.amount) >= i.amount_step),
       sum(p.amount * coalesce(q.mark, q.last) - p.basis)
           FILTER (WHERE abs(p.amount) >= i.amount_step),
       sum(p.realised_profit - p.fees + p.funding),
       count(*) FILTER (WHERE abs(p.amount) >= i.amount_step),
       count(*) FILTER (WHERE abs(p.amount) >= i.amount_step AND q.last IS NULL),
       max(q.observed_at)
FROM portfolio_position p
JOIN marketdata_instrument i ON i.id = p.instrument_id
LEFT JOIN marketdata_quote q ON q.instrument_id = p.instrument_id
GROUP BY p.bot_id
"""
TODAY_SQL = """
SELECT bot_id, realised_profit - fees + funding FROM portfolio_dailyresult WHERE day = %s
"""
# A perpetual is no asset of the account: what it has gained so far counts, with the quote asset.
EQUITY_SQL = """
SELECT b.account_id,
       sum(CASE WHEN b.asset = a.quote_asset THEN b.amount + coalesce(l.gained, 0)
                ELSE b.amount * q.last END),
       count(*) FILTER (WHERE b.asset <> a.quote_asset AND b.amount <> 0 AND q.last IS NULL),
       min(q.observed_at) FILTER (WHERE b.asset <> a.quote_asset AND b.amount <> 0)
FROM portfolio_balance b
JOIN venues_venueaccount a ON a.id = b.account_id
LEFT JOIN marketdata_instrument i ON i.venue = a.venue AND i.environment = a.environment
     AND i.kind = 'spot' AND i.base = b.asset AND i.quote = a.quote_asset
LEFT JOIN marketdata_quote q ON q.instrument_id = i.id
LEFT JOIN (SELECT p.account_id, sum(p.amount * coalesce(x.mark, x.last) - p.basis) AS gained
           FROM portfolio_position p
           JOIN marketdata_instrument m ON m.id = p.instrument_id AND m.kind = 'linear'
           JOIN marketdata_quote x ON x.instrument_id = m.id
           WHERE p.amount <> 0 GROUP BY p.account_id) l ON l.account_id = b.account_id
GROUP BY b.account_id
"""


@dataclass(slots=True)
class BotMoney:
    """One bot in quote units: what it holds now, what it made in all and today.

    `unpriced` counts holdings without a quote; exposure and profit are then unknown.
    """

    exposure: Decimal = ZERO
    unrealised: Decimal = ZERO
    realised: Decimal = ZERO
    positions: int = 0
    unpriced: int = 0
    marked_at: datetime | None = None
    realised_today: Decimal = ZERO

    @property
    def total(self) -> Decimal | None:
        """Profit since the bot was made, after fees; None while a holding has no price."""
        return None if self.unpriced else self.realised + self.unrealised

    @property
    def today(self) -> Decimal | None:
        """Realised today after fees, and what is open."""
        return None if self.unpriced else self.realised_today + self.unrealised


@dataclass(frozen=True, slots=True)
class Equity:
    """An account's holdings at the latest prices, in its quote asset; None when a price is missing."""

    value: Decimal | None
    marked_at: datetime | None


def money_by_bot(*, day: date) -> dict[UUID, BotMoney]:
    """Return every bot's money; `day` is the market's UTC day (two statements)."""
    found: dict[UUID, BotMoney] = {}
    with connection.cursor() as cursor:
        cursor.execute(POSITIONS_SQL)
        for bot, exposure, unrealised, realised, positions, unpriced, marked_at in cursor:
            found[bot] = BotMoney(
                exposure or ZERO,
                unrealised or ZERO,
                realised or ZERO,
                positions,
                unpriced,
                marked_at,
            )
        cursor.execute(TODAY_SQL, [day])
        for bot, realised_today in cursor:
            found.setdefault(bot, BotMoney()).realised_today = realised_today
    return found


def equity_by_account() -> dict[UUID, Equity]:
    """Return the equity of every account that holds anything (one statement)."""
    with connection.cursor() as cursor:
        cursor.execute(EQUITY_SQL)
        rows = cursor.fetchall()
    return {
        account: Equity(None if unpriced else value, marked_at)
        for account, value, unpriced, marked_at in rows
    }
