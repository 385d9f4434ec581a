"""Change requests: the lists, one request, votes, withdrawal."""

from __future__ import annotations

from typing import Literal, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.accounts.models import User
from apps.approvals.actions.vote import Ballot
from apps.approvals.actions.withdraw import withdraw
from apps.core.errors import DeskError, InvalidInput
from apps.dashboard.access import actor_of, requires, rights_of
from apps.dashboard.forms import refusal_words
from apps.dashboard.queries.approvals import VIEWS, listed, read_request
from apps.dashboard.queries.pages import page_of
from apps.dashboard.queries.records import read_approvals_live
from apps.dashboard.safe import submission_key, take_once
from apps.golive.actions.cast_vote import cast_vote


@requires("view_desk")
def request_list(request: HttpRequest) -> HttpResponse:
    """Show the requests that wait for me, mine, or all."""
    user = cast(User, request.user)
    default = "waiting" if "vote" in rights_of(user) else "all"
    view = request.GET.get("view", default)
    context = {
        "list": page_of(listed(view=view, user=user), request.GET),
        "view": view,
        "views": VIEWS,
        "live": {},
        "versions": read_approvals_live().versions,
    }
    part = request.GET.get("part") == "approvals"
    return render(request, "approvals/list.html" if part else "approvals/page.html", context)


@requires("view_desk")
def change_request(request: HttpRequest, number: int) -> HttpResponse:
    """Show one request."""
    return _page(request, number)


@requires("vote", methods=("POST",))
def vote(request: HttpRequest, number: int) -> HttpResponse:
    """Vote on the content that the page showed."""
    user, page = cast(User, request.user), read_request(number)
    decision = request.POST.get("decision", "")
    try:
        if decision not in {"approve", "reject"}:
            raise InvalidInput("DECISION_UNKNOWN", field="decision", value=decision)
        take_once(request)
        ballot = Ballot(
            request_id=page.request.pk,
            decision=cast(Literal["approve", "reject"], decision),
            comment=request.POST.get("comment", ""),
            content_hash=request.POST.get("content_hash", ""),
        )
        found = cast_vote(actor=actor_of(request), user=user, ballot=ballot)
    except DeskError as error:
        return _page(request, number, error=refusal_words(error))
    messages.success(
        request, f"Your vote is recorded. {found.reference} is {found.state.replace('_', ' ')}."
    )
    return redirect(f"/approvals/{number}/")


@requires("propose_changes", methods=("POST",))
def take_back(request: HttpRequest, number: int) -> HttpResponse:
    """Withdraw one's own request."""
    user, page = cast(User, request.user), read_request(number)
    reason = request.POST.get("reason", "").strip() or "withdrawn"
    try:
        withdraw(actor=actor_of(request), user=user, request_id=page.request.pk, reason=reason)
    except DeskError as error:
        return _page(request, number, error=refusal_words(error))
    messages.success(request, f"{page.request.reference} is withdrawn.")
    return redirect(f"/approvals/{number}/")


def _page(request: HttpRequest, number: int, *, error: str = "") -> HttpResponse:
    user, page = cast(User, request.user), read_request(number)
    context = {
        "page": page, "item": page.request, "error": error, "sent": request.POST, "live": {},
        "may_vote": user in page.can_vote and "vote" in rights_of(user),
        "is_mine": page.request.requested_by_id == user.pk,
        "is_editor": any(edit.user_id == user.pk for edit in page.edits),
        "submission": submission_key(), "versions": read_approvals_live().versions,
    }  # fmt: skip
    part = request.GET.get("part") == "approvals"
    template = "approvals/evidence.html" if part else "approvals/request.html"
    return render(request, template, context, status=422 if error else 200)
