"""Reads of the record."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from apps.audit.domain.filters import AuditFilter
from apps.audit.models import AuditEvent


def search(wanted: AuditFilter) -> QuerySet[AuditEvent]:
    """Return the events that fit every given field, newest first.

    `actor` is a name or an id; `verb` also fits as a prefix (`bot` finds `bot.pause`); `text` is
    looked for in names, ids and reasons.
    """
    fit = Q()
    for name in ("object_type", "object_id"):
        if getattr(wanted, name):
            fit &= Q(**{name: getattr(wanted, name)})
    if wanted.actor:
        fit &= Q(actor_name=wanted.actor) | Q(actor_id=wanted.actor)
    if wanted.verb:
        fit &= Q(verb=wanted.verb) | Q(verb__startswith=f"{wanted.verb}.")
    if wanted.change_request:
        fit &= Q(change_request_id=wanted.change_request)
    if wanted.text:
        fields = ("object_name", "object_id", "actor_name", "reason", "verb")
        anywhere = Q()
        for name in fields:
            anywhere |= Q(**{f"{name}__icontains": wanted.text})
        fit &= anywhere
    if wanted.since is not None:
        fit &= Q(at__gte=wanted.since)
    if wanted.until is not None:
        fit &= Q(at__lt=wanted.until)
    return AuditEvent.objects.filter(fit)


def history(*, object_type: str, object_id: str) -> QuerySet[AuditEvent]:
    """Return everything that happened to one object, newest first."""
    return search(AuditFilter(object_type=object_type, object_id=object_id))
