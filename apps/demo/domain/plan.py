"""What a replay does."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """Recordings, strategies and range; `speed` caps market time per real time, 0 is no cap.

    `from_ms` and `to_ms` are epoch ms; None means from the first and to the last candle.
    `stop_loss` is a fraction of the entry price, `cost` the quote units of one entry; of a
    perpetual it is the margin, and `leverage` times as much is traded.
    """

    data: str
    instruments: tuple[str, ...]
    timeframe: str
    strategies: tuple[str, ...]
    speed: float = 0.0
    from_ms: int | None = None
    to_ms: int | None = None
    cost: str = "1000"
    stop_loss: str = "0.05"
    start_balance: str = "10000000"
    leverage: str = "2"

    @property
    def is_linear(self) -> bool:
        """Return whether it plays perpetuals, by ccxt's form of their symbols."""
        return any(":" in symbol for symbol in self.instruments)

    @property
    def venue(self) -> str:
        """Return whose rules the account trades by."""
        return "binanceusdm" if self.is_linear else "binance"

    def as_json(self) -> dict[str, Any]:
        """Return the plan as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ReplayPlan:
        """Return the plan written by `as_json`."""
        lists = {key: tuple(values[key]) for key in ("instruments", "strategies")}
        return cls(**{**values, **lists})


def check_plan(plan: ReplayPlan, *, known_strategies: frozenset[str]) -> None:
    """Refuse a plan that cannot run.

    :raises InvalidInput: `UNKNOWN_TIMEFRAME`, `UNKNOWN_STRATEGY`, `NO_INSTRUMENTS`,
        `MIXED_INSTRUMENTS`, `BAD_RANGE` or `BAD_SPEED`.
    """
    if plan.timeframe not in TIMEFRAME_MS:
        raise InvalidInput("UNKNOWN_TIMEFRAME", field="timeframe", value=plan.timeframe)
    unknown = sorted(set(plan.strategies) - known_strategies)
    if unknown or not plan.strategies:
        raise InvalidInput(
            "UNKNOWN_STRATEGY", field="strategy", value=unknown, known=sorted(known_strategies)
        )
    if not plan.instruments:
        raise InvalidInput("NO_INSTRUMENTS", field="instruments")
    if plan.is_linear and not all(":" in symbol for symbol in plan.instruments):
        raise InvalidInput("MIXED_INSTRUMENTS", field="instruments", value=list(plan.instruments))
    if plan.from_ms is not None and plan.to_ms is not None and plan.from_ms >= plan.to_ms:
        raise InvalidInput("BAD_RANGE", field="from", value=plan.from_ms, to=plan.to_ms)
    if plan.speed < 0:
        raise InvalidInput("BAD_SPEED", field="speed", value=plan.speed)


def bot_slug(*, instrument: str, strategy: str) -> str:
    """Return the slug of the bot that trades `instrument` by `strategy`: `btc-usdt-sma-cross`."""
    return f"{instrument}-{strategy}".lower().replace("/", "-").replace("_", "-").replace(":", "-")
