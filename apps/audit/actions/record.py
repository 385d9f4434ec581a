"""Record an act that changes no governed row: a sign-in, a refused attempt, an export."""

from __future__ import annotations

from typing import Any

from apps.audit.models import AuditEvent
from apps.core.actor import Actor
from apps.core.clock import now


def record(
    *, actor: Actor, verb: str, subject: tuple[str, str, str], reason: str = "", after: Any = None
) -> AuditEvent:
    """Write one audit row; `subject` is (type, id, name) as text."""
    object_type, object_id, object_name = subject
    return AuditEvent.objects.create(
        at=now(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        actor_role=actor.role,
        verb=verb,
        object_type=object_type,
        object_id=object_id,
        object_name=object_name,
        after=after,
        reason=reason,
        request_id=actor.request_id,
        address=actor.address,
    )
