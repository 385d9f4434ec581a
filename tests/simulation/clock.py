"""Virtual time: one clock for the desk, its event loop, `time.sleep` and PostgreSQL's `now()`."""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import time
from collections.abc import Callable
from datetime import datetime
from itertools import count
from uuid import UUID

from apps.core import clock as real
from apps.core import ids
from apps.core.clock import from_ms

START_MS = 1_700_000_000_000


class VirtualClock:
    """Time that passes only when somebody waits; `ms` is epoch milliseconds."""

    def __init__(self, start_ms: int = START_MS) -> None:
        self.start_ms = self.ms = start_ms
        self.due: list[tuple[int, int, Callable[[], None]]] = []
        self._number = 0
        self._ids = count()
        self._whose = 0

    def now(self) -> datetime:
        return from_ms(self.ms)

    def at(self, ms: int, act: Callable[[], None]) -> None:
        """Let `act` happen when the clock reaches `ms`."""
        self._number += 1
        heapq.heappush(self.due, (ms, self._number, act))

    def advance_to(self, ms: int) -> None:
        """Let time pass, with everything that is due on the way, in order."""
        while self.due and self.due[0][0] <= ms:
            when, _, act = heapq.heappop(self.due)
            self.ms = max(self.ms, when)
            act()
        self.ms = max(self.ms, ms)

    def sleep(self, seconds: float) -> None:
        self.advance_to(self.ms + round(seconds * 1000))

    def begin(self, name: str) -> None:
        """Start a scenario at the beginning of time; its rows have ids of its own."""
        self.ms = self.start_ms
        self.due.clear()
        self._ids = count()
        self._whose = int.from_bytes(hashlib.sha256(name.encode()).digest()[:5])

    def next_id(self) -> UUID:
        """Return what `uuid7` would: ids rise with time, and here are the same in every run."""
        rest = next(self._ids) << 40 | self._whose
        high, low = rest >> 62, rest & (1 << 62) - 1
        return UUID(int=self.ms << 80 | 7 << 76 | high << 64 | 2 << 62 | low)

    def install(self) -> Callable[[], None]:
        """Make the process live on this clock; the returned function ends that."""
        sleep, uuid7 = time.sleep, ids.uuid7
        real.read_from(self.now)
        time.sleep, ids.uuid7 = self.sleep, self.next_id

        def end() -> None:
            real.read_from(None)
            time.sleep, ids.uuid7 = sleep, uuid7

        return end


class InlineLoop(asyncio.SelectorEventLoop):
    """Stands for a process's loop thread, but runs in the caller's, to the end, on virtual time.

    A call may happen inside another process's call: each process has a loop of its own.
    """

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._virtual = clock
        # times are whole milliseconds: less than one apart is the same time
        self._clock_resolution = 0.0005
        self.is_dead = False

    def time(self) -> float:
        return (self._virtual.ms - self._virtual.start_ms) / 1000

    def call_soon_threadsafe(self, callback, *args, context=None):
        handle = self.call_soon(callback, *args, context=context)
        if not self.is_running():
            self.drain()
        return handle

    def drain(self) -> None:
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        try:
            while self._ready or self._next_timer():
                if not self._ready:
                    if self.is_dead:
                        return
                    later_ms = round(self._next_timer()._when * 1000)
                    self._virtual.advance_to(self._virtual.start_ms + later_ms)
                self.call_soon(self.stop)
                self.run_forever()
        finally:
            asyncio._set_running_loop(outer)

    def _next_timer(self):
        while self._scheduled and self._scheduled[0]._cancelled:
            heapq.heappop(self._scheduled)._scheduled = False
        return self._scheduled[0] if self._scheduled else None

    def abandon(self) -> None:
        """The process is gone: nothing it still waited for comes back."""
        self.is_dead = True
        # a set of tasks has no order of its own; their names count up
        for task in sorted(asyncio.all_tasks(self), key=_number):
            task.cancel()
        self.drain()
        self.close()


def _number(task: asyncio.Task[object]) -> int:
    return int(task.get_name().rpartition("-")[2])
