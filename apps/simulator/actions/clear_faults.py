"""Clear faults of the simulated exchange."""

from __future__ import annotations

from typing import Any

from apps.audit.actions.record import record
from apps.core.actor import Actor
from apps.simulator.queries import exchange_control


def clear_faults(*, actor: Actor, number: int | None = None, account: str = "") -> dict[str, Any]:
    """Clear the fault of that number, those of an account, or all; record it first.

    Returns what is still armed. What stood (a skewed clock, a delisting) is undone.

    :raises Conflict: `NO_SIMULATED_ACCOUNT`.
    :raises DeskError: `NO_SUCH_FAULT`, `EXCHANGE_UNREACHABLE`.
    """
    control = exchange_control()
    subject = ("simulator", account, "all" if number is None else f"fault {number}")
    record(actor=actor, verb="simulator.fault.clear", subject=subject)
    return control.disarm(number=number, account=account)
