"""Arm a fault of the simulated exchange."""

from __future__ import annotations

from typing import Any

from apps.audit.actions.record import record
from apps.core.actor import Actor
from apps.core.errors import InvalidInput
from apps.simulator.domain.knobs import KNOBS
from apps.simulator.queries import exchange_control


def arm_fault(*, actor: Actor, terms: dict[str, Any], reason: str = "") -> dict[str, Any]:
    """Arm a knob with `terms` (`kind`, `account` and what the knob takes); record it first.

    Returns what the exchange answers: what happened at once, and what is armed now.

    :raises InvalidInput: `UNKNOWN_FAULT`.
    :raises Conflict: `NO_SIMULATED_ACCOUNT`.
    :raises DeskError: the exchange's refusal, or `EXCHANGE_UNREACHABLE`.
    """
    kind = str(terms.get("kind", ""))
    if kind not in KNOBS:
        raise InvalidInput("UNKNOWN_FAULT", field="kind", value=kind, known=",".join(KNOBS))
    control = exchange_control()
    subject = ("simulator", str(terms.get("account", "")), kind)
    record(actor=actor, verb="simulator.fault", subject=subject, reason=reason, after=terms)
    return control.arm(terms)
