"""The reconciliation schedule as beat runs it, on a clock that a test moves.

Each second of it, what is due by `SCHEDULES` is run for the account; the second look's pause takes
its own seconds. Nothing else moves the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

from apps.core import clock
from apps.ops.domain.schedules import SCHEDULES
from apps.reconciliation import tasks
from apps.reconciliation.actions import reconcile_balances, reconcile_orders, reconcile_positions

EVERY = {s.task: s.every for s in SCHEDULES if s.task.startswith("reconciliation.")}
RUN = {
    "reconciliation.orders": tasks.orders,
    "reconciliation.positions": tasks.positions,
    "reconciliation.balances": tasks.balances,
    "reconciliation.history": tasks.history,
}
SLEEPERS = (reconcile_orders, reconcile_positions, reconcile_balances)


class Schedule:
    """Seconds that pass, and the passes that fall due in them."""

    def __init__(self, account_id: UUID, monkeypatch, *, start: datetime | None = None) -> None:
        self.account = str(account_id)
        self.moment = start or datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
        self.due = {name: self.moment + timedelta(seconds=every) for name, every in EVERY.items()}
        clock.read_from(lambda: self.moment)
        for module in SLEEPERS:
            monkeypatch.setattr(module, "time", SimpleNamespace(sleep=self.sleep))
            monkeypatch.setattr(module, "SECOND_LOOK_SECONDS", 2.0)

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def second(self) -> None:
        """Let a second pass and run what is due."""
        self.sleep(1)
        for name, at in self.due.items():
            if self.moment >= at:
                self.due[name] = self.moment + timedelta(seconds=EVERY[name])
                RUN[name](self.account)

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.second()

    def seconds_until(self, found: Callable[[], bool], *, most: int) -> float:
        """Return how long it took until `found`; more than `most` is a failure."""
        begun = self.moment
        while not found():
            self.second()
            assert self.moment - begun <= timedelta(seconds=most), "not found in time"
        return (self.moment - begun).total_seconds()
