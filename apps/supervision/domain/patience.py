"""How long a halt waits before it tries again; it never gives up."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

FIRST: Final = timedelta(milliseconds=250)
LONGEST: Final = timedelta(seconds=30)
# After this many quick tries the waits begin to double.
QUICK: Final = 8


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after `attempts` tries: quick ones first, then doubling to 30 s."""
    doublings = min(max(0, attempts - QUICK), 16)
    return min(FIRST * int(2**doublings), LONGEST)
