"""When a crashed process is started again, and when it is held down."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


@dataclass(slots=True)
class CrashPolicy:
    """Back-off 1, 2, 4 … 30 seconds; the ``limit``-th crash inside ``window`` seconds holds."""

    limit: int = 5
    window: float = 300.0
    first_delay: float = 1.0
    longest_delay: float = 30.0
    crashes: list[float] = field(default_factory=list)

    def crashed(self, now: float) -> float | None:
        """Note a crash at ``now`` (seconds); return seconds to wait, or None to hold it down."""
        self.crashes = [at for at in self.crashes if now - at < self.window]
        self.crashes.append(now)
        if len(self.crashes) >= self.limit:
            return None
        return float(min(self.first_delay * 2 ** (len(self.crashes) - 1), self.longest_delay))


def crash_limit() -> int:
    """Return how many crashes hold a process down: DESK_CRASH_LIMIT, by default 5."""
    return int(os.environ.get("DESK_CRASH_LIMIT") or 5)
