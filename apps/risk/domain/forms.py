"""The form that risk judges. `trading` fills it in; the judge reads nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.core.domain.money import ZERO


@dataclass(frozen=True, slots=True)
class Rules:
    """An instrument's rules; units as in `marketdata.Instrument`."""

    price_tick: Decimal
    amount_step: Decimal
    amount_min: Decimal
    cost_min: Decimal
    stop_orders_max: int
    is_tradable: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """The price an order is judged against; `age_seconds` in market time.

    `source_venue` is set when it was told by another venue.
    """

    price: Decimal
    age_seconds: float
    source_venue: str = ""


@dataclass(frozen=True, slots=True)
class ProposedOrder:
    """An order not yet judged: amount in base units, prices in quote per base."""

    account_id: UUID
    bot_id: UUID
    instrument_id: int
    purpose: str
    side: str
    type: str
    amount: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: str = "GTC"
    reduce_only: bool = False
    reference: Reference | None = None
    post_only: bool = False
    trailing_rate: Decimal | None = None
    worst_price: Decimal | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BotScope:
    """Where a bot stands: all that a restriction may name. `strategy` is the strategy's name."""

    bot_id: UUID
    account_id: UUID
    venue: str
    stage: str
    strategy: str
    instrument_ids: tuple[int, ...]


@dataclass(slots=True)
class Exposure:
    """What is held, reserved and open at one scope; grows as a batch's verdicts are given.

    `gross_cost` = value of positions + reserved entries (quote); `open_orders` counts
    unfinished orders; `daily_result` = realised + unrealised since midnight UTC, after fees.
    None means that it could not be read, and entries are then refused.
    """

    gross_cost: Decimal | None = ZERO
    open_orders: int | None = 0
    daily_result: Decimal | None = ZERO


@dataclass(slots=True)
class Holding:
    """One bot's holding of one instrument: base units, and the quote value of open entries.

    `leaving` = base units in unfinished non-protective exits; `stop_orders` = unfinished stops
    of the account on this instrument; `mark` = latest price.
    """

    amount: Decimal = ZERO
    entering_cost: Decimal = ZERO
    leaving: Decimal = ZERO
    stop_orders: int = 0
    mark: Decimal | None = None


@dataclass(frozen=True, slots=True)
class EffectiveLimits:
    """The limits that bind one bot and instrument, per scope kind; a missing name does not bind.

    Keys: scope kind (`desk`, `account`, `bot`, `instrument`) → limit name → value.
    `missing`: names that must bind at this bot's stage and do not; entries are then refused.
    """

    by_scope: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def tightest(self, name: str) -> Decimal | None:
        """Return the smallest value of `name` over all scopes, or None."""
        tightest = None
        for limits in self.by_scope.values():
            value = limits.get(name)
            if value is not None and (tightest is None or value < tightest):
                tightest = value
        return tightest

    def at(self, scope: str, name: str) -> Decimal | None:
        """Return the limit `name` of one scope kind, or None."""
        return self.by_scope.get(scope, {}).get(name)


@dataclass(slots=True)
class StopSlots:
    """Stop orders of one account on one instrument: resting, or promised to an entry.

    One object is shared by the surroundings of all bots of that account and instrument.
    """

    taken: int = 0


@dataclass(slots=True)
class Collateral:
    """What backs an account's perpetuals, settle units; grows as a batch's verdicts are given.

    `equity` = balance and unrealised profit, `used` = margin of positions and open entries, `value` =
    what those are worth. None means that it could not be read, and entries are then refused.
    """

    equity: Decimal | None = ZERO
    used: Decimal = ZERO
    value: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Margin:
    """How a perpetual is entered: the config's leverage, margin mode and stop, and its venue's bounds.

    `problem` says why the venue is not set to this leverage and mode; empty when it is.
    """

    leverage: Decimal
    mode: str
    stop_loss: Decimal
    collateral: Collateral
    leverage_max: Decimal | None = None
    maintenance_rate: Decimal | None = None
    problem: str = ""


@dataclass(slots=True)
class Surroundings:
    """All that the judge needs besides the proposal.

    `exposure` maps scope kind to an `Exposure` that all proposals of that scope share, so that
    a reservation is seen by every later one. Without `slots` the holding's own count is used;
    without `venue` what it can do is not asked.
    """

    rules: Rules | None
    holding: Holding
    exposure: dict[str, Exposure]
    limits: EffectiveLimits | None
    trading_state: str | None
    is_paused: bool = False
    slots: StopSlots | None = None
    venue: str = ""
    kind: str = "spot"
    market_now: datetime | None = None
    margin: Margin | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason against: a stable code with its values (`limit`, `value`, `would_pass` …)."""

    code: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict's content: allowed when there is no refusal."""

    refusals: tuple[Refusal, ...]
    reservation_price: Decimal | None
    reserved_cost: Decimal

    @property
    def is_allowed(self) -> bool:
        """True when nothing speaks against."""
        return not self.refusals
