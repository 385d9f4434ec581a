"""Name the build whose processes may send entries."""

from __future__ import annotations

from django.db import transaction

from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.clock import now
from apps.risk.models import DeskBuild


def declare_build(*, actor: Actor, build: str) -> bool:
    """Declare `build`; processes of another send no entries from their next permit on.

    Returns whether that is news. The same build again changes nothing.
    """
    with transaction.atomic(), acting(actor=actor, verb="build.declare"):
        if DeskBuild.objects.select_for_update().filter(build=build).exists():
            return False
        values = {"build": build, "declared_at": now(), "declared_by": actor.name}
        DeskBuild.objects.update_or_create(id=1, defaults=values)
    return True
