"""Limits, restrictions, and the change of a limit."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.accounts.models import User
from apps.approvals.models import ChangeRequest
from apps.core.domain.money import exact, plain
from apps.core.errors import DeskError, NotPermitted, RequiresChangeRequest
from apps.dashboard.access import actor_of, requires, rights_of
from apps.dashboard.forms import refusal_words
from apps.dashboard.queries.records import read_risk_live
from apps.dashboard.queries.risk import lifted_lately, read_limits, read_restrictions
from apps.dashboard.queries.scopes import scope_name
from apps.dashboard.safe import submission_key, take_once
from apps.golive.actions.request_limit_raise import LimitRaise, request_limit_raise
from apps.risk.actions.set_limit import set_limit
from apps.risk.domain.limits import LIMITS
from apps.risk.models import Limit

BOTH = ("GET", "HEAD", "POST")


@requires("view_desk")
def risk(request: HttpRequest) -> HttpResponse:
    """Show restrictions in force and the tree of limits."""
    context = {
        "nodes": read_limits(), "restrictions": read_restrictions(), "lifted": lifted_lately(),
        "live": {}, "versions": read_risk_live().versions, "limit_names": LIMITS,
    }  # fmt: skip
    part = request.GET.get("part") == "risk"
    return render(request, "risk/tree.html" if part else "risk/page.html", context)


@requires("view_desk", methods=BOTH)
def limit(request: HttpRequest, scope_kind: str, name: str, scope_id: str = "") -> HttpResponse:
    """Lower a limit at once, or ask for a raise; which of the two it is follows from the value."""
    error = ""
    if request.method == "POST":
        try:
            take_once(request)
            return _changed(request, LimitRaise(scope_kind, scope_id, name, exact(request.POST.get("value", ""), field="value")))  # fmt: skip
        except DeskError as refusal:
            error = refusal_words(refusal)
    present = Limit.objects.filter(scope_kind=scope_kind, scope_id=scope_id, name=name).first()
    context = {
        "scope_kind": scope_kind, "name": name, "words": LIMITS.get(name, ("", name))[1],
        "unit": LIMITS.get(name, ("", ""))[0], "node": scope_name(scope_kind=scope_kind, scope_id=scope_id),
        "present": plain(present.value) if present else "", "error": error, "sent": request.POST,
        "submission": submission_key(),
    }  # fmt: skip
    return render(request, "risk/limit.html", context, status=422 if error else 200)


def _changed(request: HttpRequest, wanted: LimitRaise) -> HttpResponse:
    """Set the limit when that narrows; otherwise open the request to raise it."""
    rights, actor = rights_of(request.user), actor_of(request)
    reason = request.POST.get("reason", "")
    if "tighten_limits" in rights:
        try:
            row = set_limit(
                actor=actor, scope_kind=wanted.scope_kind, scope_id=wanted.scope_id,
                name=wanted.name, value=wanted.value, reason=reason,
            )  # fmt: skip
        except RequiresChangeRequest:
            if "propose_changes" not in rights:
                raise
        else:
            messages.success(request, f"{LIMITS[row.name][1]}: {plain(row.value)} from now on.")
            return redirect("/risk/")
    if "propose_changes" not in rights:
        raise NotPermitted(permission="tighten_limits")
    made: ChangeRequest = request_limit_raise(
        actor=actor, user=cast(User, request.user), wanted=wanted, reason=reason
    )
    messages.success(request, f"A raise needs other people: {made.reference} waits for votes.")
    return redirect(f"/approvals/{made.number}/")
