"""Write down once when a required schedule breaks, and once when it is whole again."""

from __future__ import annotations

from apps.audit.actions.record import record
from apps.audit.models import AuditEvent
from apps.core.actor import Actor
from apps.ops.queries import schedule_problems

BROKEN, MENDED = "schedules.broken", "schedules.mended"


def watch_schedules(*, actor: Actor) -> dict[str, str]:
    """Return what is wrong with the required schedules; record it when that has changed."""
    found = schedule_problems()
    last = AuditEvent.objects.filter(verb__in=[BROKEN, MENDED]).order_by("-seq").first()
    known = (last.after or {}) if last is not None and last.verb == BROKEN else {}
    if found != known:
        verb = BROKEN if found else MENDED
        record(actor=actor, verb=verb, subject=("schedules", "all", "schedules"), after=found)
    return found
