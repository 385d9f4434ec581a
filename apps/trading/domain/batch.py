"""The values that one cycle works on; rows become these and nothing heavier."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.core.domain.money import ZERO
from apps.risk.domain.forms import Rules

Pair = tuple[UUID, int]
Code = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BotRow:
    """A bot that is due, with the config version that runs.

    `parameters`, `sizing`, `protection` and `execution` are canonical JSON texts: bots share few different
    ones, so each is parsed once.
    """

    bot_id: UUID
    slug: str
    state: str
    stage: str
    config_id: UUID
    strategy: str
    source_hash: str
    parameters: str
    sizing: str
    protection: str
    instrument_ids: tuple[int, ...]
    execution: str = "{}"

    @property
    def plan(self) -> tuple[str, str, str]:
        """What decides its opinions: bots with the same plan think the same."""
        return (self.strategy, self.source_hash, self.parameters)


@dataclass(frozen=True, slots=True)
class InstrumentRow:
    """An instrument with its rules; `symbol_json` is the symbol as a JSON text."""

    id: int
    symbol: str
    base: str
    quote: str
    rules: Rules
    symbol_json: str
    kind: str = "spot"
    leverage_max: Decimal | None = None
    maintenance_rate: Decimal | None = None

    @property
    def is_linear(self) -> bool:
        """Return whether it is a perpetual: it may be held short, on margin."""
        return self.kind == "linear"


@dataclass(frozen=True, slots=True)
class Target:
    """What a bot last wanted: `amount` in base units, sized when the exposure changed."""

    exposure: float = 0.0
    amount: Decimal = ZERO
    stopped_out: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """What a bot holds: amount in base units, basis in quote units; both negative when short."""

    amount: Decimal = ZERO
    basis: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Price:
    """The newest known price of an instrument (quote per base) and its age in market time.

    `source_venue` is set when another venue told it.
    """

    price: Decimal
    age_seconds: float
    source_venue: str = ""


@dataclass(slots=True)
class Batch:
    """All due bots of one venue account and timeframe, and everything read about them."""

    account_id: UUID
    venue: str
    quote_asset: str
    timeframe: str
    at: datetime
    now: datetime
    bots: list[BotRow] = field(default_factory=list)
    instruments: dict[int, InstrumentRow] = field(default_factory=dict)
    targets: dict[UUID, dict[int, Target]] = field(default_factory=dict)
    holdings: dict[UUID, dict[int, Holding]] = field(default_factory=dict)
    open_amounts: dict[UUID, dict[int, Decimal]] = field(default_factory=dict)
    prices: dict[int, Price] = field(default_factory=dict)
    present: set[tuple[int, str]] = field(default_factory=set)
    equity: Decimal | None = None
    position_mode: str = "one_way"
