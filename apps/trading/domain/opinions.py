"""What a strategy says of an instrument, and what stands ready to say it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final

from apps.strategies.domain.base import Strategy
from apps.trading.domain.batch import Code

Plan = tuple[str, str, str]
WindowKey = tuple[int, str]
NAN: Final = math.nan


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a plan says of an instrument now; NaN = keep. `failed` = the strategy raised."""

    exposure: float = NAN
    code: Code | None = None
    failed: bool = False
    volatility: float | None = None


@dataclass(slots=True)
class Mind:
    """A plan made ready: its strategy and typed parameters, or the code why it cannot think."""

    strategy: Strategy | None = None
    parameters: Any = None
    warmup: int = 1
    informative: dict[str, int] = field(default_factory=dict)
    problem: Opinion | None = None
