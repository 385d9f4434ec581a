"""Search the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from apps.audit.models import AuditEvent
from apps.core.errors import NotFound
from apps.dashboard.access import requires
from apps.dashboard.queries.approvals import Line, flattened
from apps.dashboard.queries.pages import page_of
from apps.dashboard.queries.records import read_audit_live
from apps.dashboard.views.fleet import without_part

FILTERS = ("actor", "verb", "object", "q", "from", "to")


@requires("view_audit")
def audit(request: HttpRequest) -> HttpResponse:
    """Show audit events, newest first."""
    context = {
        "list": page_of(found(request.GET), request.GET),
        "chosen": {name: request.GET.get(name, "") for name in FILTERS},
        "is_filtered": any(request.GET.get(name) for name in FILTERS),
        "query": without_part(request.GET),
        "live": {},
        "versions": read_audit_live().versions,
    }
    part = request.GET.get("part") == "audit"
    return render(request, "pages/audit_list.html" if part else "pages/audit.html", context)


@requires("view_audit")
def event(request: HttpRequest, seq: int) -> HttpResponse:
    """Show one event with before and after.

    :raises NotFound: there is no such event.
    """
    row = AuditEvent.objects.filter(seq=seq).first()
    if row is None:
        raise NotFound("UNKNOWN_EVENT", seq=seq)
    before, after = (value if isinstance(value, dict) else {} for value in (row.before, row.after))
    rows_before, rows_after = flattened(before), flattened(after)
    names = dict.fromkeys([*rows_after, *rows_before])
    lines = [Line(name, rows_before.get(name, ""), rows_after.get(name, "")) for name in names]
    return render(request, "pages/audit_event.html", {"event": row, "lines": lines, "live": {}})


def found(chosen: QueryDict) -> QuerySet[AuditEvent]:
    """Return the events that fit the filters in the address."""
    events = AuditEvent.objects.all()
    if actor := chosen.get("actor", "").strip():
        events = events.filter(actor_name__icontains=actor)
    if verb := chosen.get("verb", "").strip():
        events = events.filter(verb__startswith=verb)
    if kind := chosen.get("object", "").strip():
        events = events.filter(object_type__icontains=kind)
    if text := chosen.get("q", "").strip():
        events = events.filter(
            Q(object_name__icontains=text)
            | Q(object_id=text)
            | Q(reason__icontains=text)
            | Q(request_id=text)
        )
    if since := _day(chosen.get("from", "")):
        events = events.filter(at__gte=since)
    if until := _day(chosen.get("to", "")):
        events = events.filter(at__lt=until)
    return events.order_by("-seq")


def _day(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None
