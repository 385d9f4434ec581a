"""Release a halt or lift a restriction."""

from __future__ import annotations

from apps.core.actor import Actor
from apps.risk.actions.lift import lift
from apps.risk.models import Restriction
from apps.supervision.actions.release_halt import release_halt


def perform_release(*, actor: Actor, restriction: Restriction, name: str, reason: str) -> str:
    """End the restriction; a halt only after its re-check passed.

    :raises HaltNotVerified: while its accounts are not verified.
    """
    end = release_halt if restriction.state == "halted" else lift
    end(actor=actor, restriction_id=restriction.pk, reason=reason)
    return f"{name[0].upper()}{name[1:]} may trade again."
