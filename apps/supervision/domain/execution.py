"""When execution is bad enough to be told, and when it is bad enough to stop entries.

Every measure is worse when it is larger. One place for the thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# How many of a bot's last orders count, and for how long.
LAST_ORDERS: Final = 50
WINDOW_HOURS: Final = 24
SAMPLE_MIN: Final = 10
# A level is left only when the value is better than this share of its threshold.
CLEAR_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where a measure turns to a warning and to `reducing`; None = it only warns."""

    words: str
    unit: str
    warning: float
    reducing: float | None


THRESHOLDS: Final[dict[str, Threshold]] = {
    "slippage_bps": Threshold("Mean slippage", "bps", 30.0, 80.0),
    "acknowledge_ms": Threshold("Time to acknowledgement, p95", "ms", 2_000.0, None),
    "unfilled_share": Threshold("Part of orders left unfilled, mean", "share", 0.2, 0.5),
    "reject_rate": Threshold("Orders rejected by the venue", "share", 0.1, 0.3),
}


@dataclass(frozen=True, slots=True)
class Rolling:
    """A bot's or account's last orders: `sample` = how many; a measure is None without data.

    `slippage_bps` mean over filled orders, positive is worse; `submit_ms`, `acknowledge_ms` and
    `fill_ms` 95th percentiles in ms; `fill_ratio` mean of filled / amount over orders that nobody
    cancelled; `reject_rate` rejected / sent.
    """

    sample: int
    slippage_bps: float | None
    submit_ms: float | None
    acknowledge_ms: float | None
    fill_ms: float | None
    fill_ratio: float | None
    reject_rate: float | None

    def measures(self) -> dict[str, float]:
        """Return the watched measures that have a value."""
        values = {
            "slippage_bps": self.slippage_bps,
            "acknowledge_ms": self.acknowledge_ms,
            "unfilled_share": None if self.fill_ratio is None else 1.0 - self.fill_ratio,
            "reject_rate": self.reject_rate,
        }
        return {name: value for name, value in values.items() if value is not None}


def next_level(*, measure: str, before: str, value: float) -> str:
    """Return the level of a measure after `before`: it rises at a threshold, falls well below it."""
    threshold = THRESHOLDS[measure]
    if threshold.reducing is not None and _stays(value, threshold.reducing, before == "reducing"):
        return "reducing"
    return "warning" if _stays(value, threshold.warning, before != "ok") else "ok"


def _stays(value: float, threshold: float, is_there: bool) -> bool:  # noqa: FBT001 - private
    return value >= threshold or (is_there and value > threshold * CLEAR_SHARE)


def changes(*, rolling: Rolling, levels: Mapping[str, str]) -> dict[str, tuple[str, float]]:
    """Return measure → (new level, value) where the level changes; too small a sample changes none."""
    if rolling.sample < SAMPLE_MIN:
        return {}
    found = {}
    for measure, value in rolling.measures().items():
        before = levels.get(measure, "ok")
        after = next_level(measure=measure, before=before, value=value)
        if after != before:
            found[measure] = (after, value)
    return found
