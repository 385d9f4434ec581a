"""Write down that a stored schedule wants to start a task that it may not."""

from __future__ import annotations

from apps.audit.actions.record import record
from apps.audit.models import AuditEvent
from apps.core.actor import Actor

VERB = "schedule.refused"


def refuse_schedule(*, actor: Actor, name: str, task: str) -> bool:
    """Record the refusal once for a row and task; return whether this was the first time."""
    if AuditEvent.objects.filter(verb=VERB, object_id=name[:64], after={"task": task}).exists():
        return False
    record(
        actor=actor, verb=VERB, subject=("schedule", name[:64], name), after={"task": task},
        reason="the task is not on the list of tasks that a schedule may start",
    )  # fmt: skip
    return True
