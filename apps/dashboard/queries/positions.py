"""What is held: by bot and instrument, at the latest prices, with its protection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from apps.dashboard.domain import formats
from apps.dashboard.domain.formats import Cell
from apps.dashboard.domain.live import Live, version
from apps.dashboard.queries.legs import LEGS_SQL, ProtectiveLeg, legs_of
from apps.dashboard.queries.strange import Strange, strange_positions

# Nearer to liquidation than this share of the price is shown as a danger.
NEAR = Decimal("0.1")
SQL = f"""
SELECT b.id, b.slug, b.stage, a.slug, a.quote_asset, i.id, i.symbol, i.base, i.price_tick, i.amount_step,
       p.amount, p.basis, p.realised_profit, p.fees, p.opened_at, p.round_trips,
       CASE i.kind WHEN 'linear' THEN coalesce(q.mark, v.mark_price, q.last) ELSE q.last END,
       q.observed_at, coalesce(q.source_venue, ''), i.kind, a.venue, p.funding,
       coalesce((c.sizing->>'leverage')::numeric, 1), coalesce(c.sizing->>'margin_mode', 'cross'),
       v.liquidation_price, s.legs
FROM portfolio_position p
JOIN bots_bot b ON b.id = p.bot_id
JOIN venues_venueaccount a ON a.id = p.account_id
JOIN marketdata_instrument i ON i.id = p.instrument_id
LEFT JOIN bots_botconfig c ON c.id = b.config_id
LEFT JOIN marketdata_quote q ON q.instrument_id = i.id
LEFT JOIN portfolio_venueposition v ON v.account_id = p.account_id AND v.instrument_id = i.id
    AND v.amount * p.amount > 0
LEFT JOIN LATERAL ({LEGS_SQL}) s ON true
WHERE (%(bot)s::uuid IS NOT NULL AND p.bot_id = %(bot)s) OR (%(bot)s::uuid IS NULL AND abs(p.amount) >= i.amount_step)
ORDER BY b.slug, i.symbol
"""  # noqa: S608 - our own text


@dataclass(frozen=True, slots=True)
class Holding:
    """One bot's holding of one instrument; prices in quote per base, amounts in base units.

    A short holding is negative. `source_venue` is set when the price was borrowed; `leverage`, `margin_mode`, `funding` and `liquidation` (the
    venue's price for all that the account holds) are those of perpetuals.
    """

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
    source_venue: str
    kind: str
    venue: str
    funding: Decimal
    leverage: Decimal
    margin_mode: str
    liquidation: Decimal | None
    legs: list[ProtectiveLeg]

    @property
    def is_flat(self) -> bool:
        """Less than one amount step is nothing."""
        return abs(self.amount) < self.step

    @property
    def is_linear(self) -> bool:
        """A perpetual."""
        return self.kind == "linear"

    @property
    def side(self) -> str:
        """Long, short or flat."""
        if self.is_flat:
            return "flat"
        return "long" if self.amount > 0 else "short"

    @property
    def margin(self) -> Decimal | None:
        """What it binds at the config's leverage, quote units; None on spot."""
        if not self.is_linear or self.value is None:
            return None
        return abs(self.value) / self.leverage

    @property
    def distance(self) -> Decimal | None:
        """How far the mark is from liquidation, as a fraction of the mark."""
        if not self.mark or self.liquidation is None or self.is_flat:
            return None
        return abs(self.mark - self.liquidation) / self.mark

    @property
    def terms(self) -> str:
        """Side, and leverage and margin mode of a perpetual."""
        if not self.is_linear:
            return self.side
        return f"{self.side} {formats.number(self.leverage, 0)}× {self.margin_mode}"

    @property
    def danger(self) -> str:
        """The liquidation price with its distance."""
        if not self.is_linear or self.liquidation is None:
            return formats.MISSING
        price = formats.price(self.liquidation, self.tick)
        return f"{price} ({formats.percent(self.distance, 1)})"

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
        words = [leg.words(self.tick) for leg in self.legs if leg.stands]
        if not self.has_stop:
            return "; ".join(["no stop at the venue", *words])
        return "; ".join(words)

    @property
    def has_stop(self) -> bool:
        """A stop stands at the venue."""
        return any(leg.stands and leg.is_stop for leg in self.legs)

    @property
    def marked(self) -> str:
        """The latest price; with the venue it was borrowed from."""
        price = formats.price(self.mark, self.tick)
        return f"{price} from {self.source_venue}" if self.source_venue else price

    @property
    def key(self) -> str:
        """The name of its live values."""
        return f"held.{self.bot}.{self.instrument_id}"

    def cells(self) -> dict[str, Cell]:
        """Return its live values."""
        share = None
        if self.unrealised is not None and self.basis:
            share = self.unrealised / abs(self.basis)
        return {
            f"{self.key}.amount": formats.plain_cell(
                f"{formats.amount(self.amount, self.step)} {self.base}"
            ),
            f"{self.key}.entry": formats.plain_cell(formats.price(self.entry, self.tick)),
            f"{self.key}.mark": formats.plain_cell(
                self.marked, "warn" if self.source_venue else ""
            ),
            f"{self.key}.marked": formats.age_cell(self.marked_at),
            f"{self.key}.value": formats.plain_cell(formats.number(self.value)),
            f"{self.key}.open": formats.profit_cell(self.unrealised),
            f"{self.key}.share": formats.plain_cell(formats.percent(share, 2)),
            f"{self.key}.realised": formats.profit_cell(self.realised - self.fees + self.funding),
            f"{self.key}.terms": formats.plain_cell(self.terms),
            f"{self.key}.margin": formats.plain_cell(formats.number(self.margin)),
            f"{self.key}.danger": formats.plain_cell(
                self.danger, "bad" if self.distance is not None and self.distance < NEAR else ""
            ),
            f"{self.key}.funding": formats.profit_cell(self.funding)
            if self.is_linear
            else formats.plain_cell(formats.MISSING),
            f"{self.key}.stop": formats.plain_cell(
                self.protection, "bad" if self.protection.startswith("no ") else ""
            ),
        }


@dataclass(frozen=True, slots=True)
class Positions:
    """Everything held, and what of it stays live."""

    rows: list[Holding]
    live: Live
    strange: list[Strange]

    @property
    def has_perpetuals(self) -> bool:
        """Whether anything of it is a perpetual."""
        return any(row.is_linear for row in self.rows)


def holdings(*, bot_id: UUID | None = None) -> list[Holding]:
    """Return what is held on the desk, or all positions of one bot, flat ones too (one statement)."""
    with connection.cursor() as cursor:
        cursor.execute(SQL, {"bot": bot_id})
        rows: list[list[Any]] = [[*row[:-1], legs_of(row[-1])] for row in cursor]
    return [Holding(*row) for row in rows]


def read_positions() -> Positions:
    """Return everything held with its live values, and what venues hold besides (two statements)."""
    rows = holdings()
    values: dict[str, Cell] = {}
    for row in rows:
        values |= row.cells()
    strange = strange_positions()
    names = [f"{row.key} {row.legs}" for row in rows] + [
        f"{s.account} {s.symbol} {s.words}" for s in strange
    ]
    return Positions(rows, Live(values, {"positions": version(names)}), strange)


def totals_by_stage(rows: list[Holding]) -> list[dict[str, Any]]:
    """Return value and open profit for each stage and quote asset; never across stages."""
    return _totals(rows, lambda row: {"stage": row.stage, "quote": row.quote})


def totals_by(rows: list[Holding], what: str) -> list[dict[str, Any]]:
    """Return the same for each bot, venue or asset (`bot`, `venue`, `base`) within a stage."""
    return _totals(
        rows, lambda row: {"name": getattr(row, what), "stage": row.stage, "quote": row.quote}
    )


def _totals(
    rows: list[Holding], key_of: Callable[[Holding], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return net and gross value (quote units), open profit and count of each group."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        key = key_of(row)
        zero = {"value": Decimal(0), "gross": Decimal(0), "open": Decimal(0), "count": 0}
        total = found.setdefault(tuple(key.values()), key | zero)
        total["count"] += 1
        total["value"] += row.value or Decimal(0)
        total["gross"] += abs(row.value or Decimal(0))
        total["open"] += row.unrealised or Decimal(0)
    return list(found.values())
