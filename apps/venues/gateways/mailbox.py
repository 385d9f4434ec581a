"""Rows that arrived over a stream and were not taken yet."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Mailbox(Generic[T]):
    """What one stream brought; `heard_at` is when the venue last said something on it."""

    rows: list[T] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    ended: str = ""
    heard_at: float = field(default_factory=time.monotonic)

    def put(self, *rows: T) -> None:
        """Add rows."""
        self.rows.extend(rows)
        self.arrived.set()

    def take(self) -> list[T]:
        """Return all rows and keep none."""
        rows, self.rows = self.rows, []
        self.arrived.clear()
        return rows

    def end(self, why: str) -> None:
        """Say that no more rows will come."""
        self.ended = self.ended or why
        self.arrived.set()
