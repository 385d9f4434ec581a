"""The desk's schedules: one table. `manage.py schedules sync` keeps the rows that beat reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Schedule:
    """A task started every `every` seconds on a queue; late by more than `expires`, it is dropped."""

    name: str
    task: str
    every: int
    queue: str = "default"
    expires: int = 30
    args: tuple[str, ...] = ()


SCHEDULES: Final = (
    Schedule("trading: nudge what is due", "trading.tick", 1, "trading", expires=5),
    Schedule("trading: prices from elsewhere", "trading.borrow_prices", 5, expires=5),
    Schedule("trading: tables for decisions", "trading.prepare_partitions", 3600, "trading", 600),
    Schedule("reconciliation: orders", "reconciliation.orders", 7, expires=10),
    Schedule("reconciliation: positions", "reconciliation.positions", 25),
    Schedule("reconciliation: balances", "reconciliation.balances", 55),
    Schedule("reconciliation: history", "reconciliation.history", 86_400, expires=3600),
    Schedule("perpetuals: positions at the venue", "portfolio.positions", 20, expires=20),
    Schedule("perpetuals: funding", "portfolio.funding", 10, expires=20),
    Schedule("orders: doubt", "orders.watch_doubt", 10, expires=10),
    Schedule("orders: execution quality", "supervision.watch_execution", 30),
    Schedule("orders: forget the wire", "orders.forget_calls", 86_400, expires=3600),
    Schedule("approvals: expire", "approvals.expire", 60),
    Schedule("go-live: apply what is approved", "golive.apply_approved", 5, expires=5),
    Schedule("system: check invariants", "ops.check_invariants", 60),
    Schedule("system: back up", "ops.backup", 86_400, expires=3600),
    Schedule("system: clean up", "ops.clean_up", 86_400, expires=3600),
    Schedule("market data: tables for candles", "marketdata.ensure_partitions", 86_400, expires=3600),
    Schedule("pulse: trading", "ops.pulse", 5, "trading", expires=5, args=("worker-trading",)),
    Schedule("pulse: default", "ops.pulse", 5, expires=5, args=("worker-default",)),
)  # fmt: skip
# Rows can start these and nothing else.
ALLOWED_TASKS: Final = frozenset(
    {schedule.task for schedule in SCHEDULES} | {"trading.run_account"}
)


@dataclass(frozen=True, slots=True)
class Row:
    """A stored schedule as far as the table speaks of it."""

    task: str
    every: int | None
    queue: str | None
    expires: int | None
    args: tuple[str, ...]
    is_enabled: bool


def problem(schedule: Schedule, row: Row | None) -> str | None:
    """Return how the stored row differs from what is required: missing, disabled, altered: …"""
    if row is None:
        return "missing"
    if not row.is_enabled:
        return "disabled"
    wanted = {
        name: getattr(schedule, name) for name in ("task", "every", "queue", "expires", "args")
    }
    altered = [name for name, value in wanted.items() if getattr(row, name) != value]
    return f"altered: {', '.join(altered)}" if altered else None
