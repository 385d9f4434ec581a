"""What is held: by bot and instrument, at the latest prices, with its protection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from apps.dashboard.domain import formats
from apps.dashboard.domain.formats import Cell
from apps.dashboard.domain.live import Live, version

SQL = """
SELECT b.id, b.slug, b.stage, a.slug, a.quote_asset, i.id, i.symbol, i.base, i.price_tick, i.amount_step,
       p.amount, p.basis, p.realised_profit, p.fees, p.opened_at, p.round_trips,
       q.last, q.observed_at, s.stop_price, s.amount
FROM portfolio_position p
JOIN bots_bot b ON b.id = p.bot_id
JOIN venues_venueaccount a ON a.id = p.account_id
JOIN marketdata_instrument i ON i.id = p.instrument_id
LEFT JOIN marketdata_quote q ON q.instrument_id = i.id
LEFT JOIN LATERAL (
    SELECT o.stop_price, o.amount FROM orders_order o
    WHERE o.bot_id = p.bot_id AND o.instrument_id = p.instrument_id AND o.purpose = 'protect'
      AND o.status IN ('open', 'partially_filled') LIMIT 1
) s ON true
WHERE (%(bot)s::uuid IS NOT NULL AND p.bot_id = %(bot)s) OR (%(bot)s::uuid IS NULL AND p.amount >= i.amount_step)
ORDER BY b.slug, i.symbol
"""


@dataclass(frozen=True, slots=True)
class Holding:
    """One bot's holding of one instrument; prices in quote per base, amounts in base units."""

    bot_id: UUID
    bot: str
    stage: str
    account: str
    quote: str
    instrument_id: int
    symbol: str
    base: str
    tick: Decimal
    step: Decimal
    amount: Decimal
    basis: Decimal
    realised: Decimal
    fees: Decimal
    opened_at: datetime | None
    round_trips: int
    mark: Decimal | None
    marked_at: datetime | None
    stop_price: Decimal | None
    stop_amount: Decimal | None

    @property
    def is_flat(self) -> bool:
        """Less than one amount step is nothing."""
        return self.amount < self.step

    @property
    def entry(self) -> Decimal | None:
        """Average price paid for what is held."""
        return None if self.is_flat else self.basis / self.amount

    @property
    def value(self) -> Decimal | None:
        """Quote units at the latest price; None without one."""
        return None if self.mark is None else self.amount * self.mark

    @property
    def unrealised(self) -> Decimal | None:
        """Open profit before fees."""
        if self.is_flat:
            return Decimal(0)
        return None if self.value is None else self.value - self.basis

    @property
    def protection(self) -> str:
        """In words: whether a stop stands at the venue for what is held."""
        if self.is_flat:
            return "flat"
        if self.stop_price is None:
            return "no stop at the venue"
        return f"stop {formats.price(self.stop_price, self.tick)}"

    @property
    def key(self) -> str:
        """The name of its live values."""
        return f"held.{self.bot}.{self.instrument_id}"

    def cells(self) -> dict[str, Cell]:
        """Return its live values."""
        share = self.unrealised / self.basis if self.unrealised is not None and self.basis else None
        return {
            f"{self.key}.amount": formats.plain_cell(
                f"{formats.amount(self.amount, self.step)} {self.base}"
            ),
            f"{self.key}.entry": formats.plain_cell(formats.price(self.entry, self.tick)),
            f"{self.key}.mark": formats.plain_cell(formats.price(self.mark, self.tick)),
            f"{self.key}.marked": formats.age_cell(self.marked_at),
            f"{self.key}.value": formats.plain_cell(formats.number(self.value)),
            f"{self.key}.open": formats.profit_cell(self.unrealised),
            f"{self.key}.share": formats.plain_cell(formats.percent(share, 2)),
            f"{self.key}.realised": formats.profit_cell(self.realised - self.fees),
            f"{self.key}.stop": formats.plain_cell(
                self.protection, "bad" if self.protection.startswith("no ") else ""
            ),
        }


@dataclass(frozen=True, slots=True)
class Positions:
    """Everything held, and what of it stays live."""

    rows: list[Holding]
    live: Live


def holdings(*, bot_id: UUID | None = None) -> list[Holding]:
    """Return what is held on the desk, or all positions of one bot, flat ones too (one statement)."""
    with connection.cursor() as cursor:
        cursor.execute(SQL, {"bot": bot_id})
        return [Holding(*row) for row in cursor]


def read_positions() -> Positions:
    """Return everything held with its live values (one statement)."""
    rows = holdings()
    values: dict[str, Cell] = {}
    for row in rows:
        values |= row.cells()
    return Positions(rows, Live(values, {"positions": version([row.key for row in rows])}))


def totals_by_stage(rows: list[Holding]) -> list[dict[str, Any]]:
    """Return value and open profit for each stage and quote asset; never across stages."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        total = found.setdefault(
            (row.stage, row.quote),
            {
                "stage": row.stage,
                "quote": row.quote,
                "value": Decimal(0),
                "open": Decimal(0),
                "count": 0,
            },
        )
        total["count"] += 1
        total["value"] += row.value or Decimal(0)
        total["open"] += row.unrealised or Decimal(0)
    return list(found.values())
