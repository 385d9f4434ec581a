"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final, Self

from django.db import DatabaseError

from apps.core.errors import DeskError

# what a feed lives through: a venue or the database that is away for a while
RECOVERABLE: Final = (DeskError, DatabaseError)
FIRST_SECONDS: Final = 0.25
LOCAL_MAX_SECONDS: Final = 2.0
REMOTE_MAX_SECONDS: Final = 30.0


@dataclass(slots=True)
class Backoff:
    """Doubles up to a limit, with jitter, until something works."""

    most: float
    seconds: float = FIRST_SECONDS

    @classmethod
    def for_environment(cls, environment: str) -> Self:
        """Return a short one for our own exchange, a patient one for others."""
        return cls(LOCAL_MAX_SECONDS if environment == "simulated" else REMOTE_MAX_SECONDS)

    def next(self) -> float:
        """Return the seconds to wait now."""
        wait = self.seconds
        self.seconds = min(self.most, self.seconds * 2)
        return wait * random.uniform(0.75, 1.25)  # noqa: S311 - jitter

    def reset(self) -> None:
        """Something worked."""
        self.seconds = FIRST_SECONDS
