"""Request weight per minute and address, as Binance counts it."""

from __future__ import annotations

import time
from collections import Counter
from typing import Final

from apps.simulator.domain.refusals import Refusal

MINUTE_SECONDS: Final = 60


class WeightExceeded(Refusal):
    """429: the address has used up its minute; `retry_after` in seconds."""

    def __init__(self, limit: int, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(
            -1003,
            f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API.",
            status=429,
        )


class WeightMeter:
    """Weight used by each address in the running minute of real time."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._minute = 0
        self._used: Counter[str] = Counter()

    def charge(self, address: str, weight: int) -> int:
        """Add `weight` and return what the address has used this minute.

        :raises WeightExceeded: when it is more than the limit.
        """
        seconds = time.time()
        minute = int(seconds // MINUTE_SECONDS)
        if minute != self._minute:
            self._minute = minute
            self._used.clear()
        self._used[address] += weight
        if self._used[address] > self.limit:
            raise WeightExceeded(self.limit, int((minute + 1) * MINUTE_SECONDS - seconds) + 1)
        return self._used[address]
