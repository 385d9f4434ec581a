"""Our books against the venues': cases, one case and what is done about it, accounts' states."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from apps.core.errors import NotFound
from apps.dashboard.access import View, actor_of, requires
from apps.dashboard.acts.cases import ACTS, Person, clear_prompt, perform_clear
from apps.dashboard.queries import reconcile as reads
from apps.dashboard.queries.pages import page_of
from apps.dashboard.views.acting import act
from apps.dashboard.views.fleet import without_part
from apps.reconciliation.actions.ask_comparison import QUICK, ask_comparison
from apps.reconciliation.models import CASE_KINDS
from apps.reconciliation.queries.adjustments import case_by_id
from apps.venues.models import VenueAccount

BOTH = ("GET", "HEAD", "POST")
FILTERS = ("show", "account", "kind", "severity", "q")


@requires("view_operations")
def reconcile(request: HttpRequest) -> HttpResponse:
    """Show how each account stands, and the cases by saved view and filters."""
    name = actor_of(request).name
    context = {
        "list": page_of(reads.cases(request.GET, name=name), request.GET),
        "saved": [(key, words) for key, (words, _) in reads.SAVED.items()],
        "chosen": {key: request.GET.get(key, "") for key in FILTERS},
        "is_filtered": any(request.GET.get(key) for key in FILTERS[1:]),
        "kinds": CASE_KINDS,
        "states": reads.account_states(),
        "query": without_part(request.GET),
        "live": {},
        "versions": reads.read_reconcile_live().versions,
    }
    part = request.GET.get("part") == "reconcile"
    return render(request, "reconcile/body.html" if part else "reconcile/page.html", context)


@requires("view_operations")
def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show one case: book against venue, cause, evidence, fix, and its story."""
    page = reads.read_case(case_id)
    context = {
        "page": page,
        "case": page.case,
        "fields": reads.fields_of(page.case),
        "live": {},
        "versions": reads.read_reconcile_live().versions,
    }
    part = request.GET.get("part") == "reconcile"
    return render(request, "reconcile/case_body.html" if part else "reconcile/case.html", context)


def case_act(verb: str) -> View:
    """Return the view of one verb: its dialog by GET, the act by POST."""

    @requires("resolve_cases", methods=BOTH)
    def view(request: HttpRequest, case_id: UUID) -> HttpResponseBase:
        found, chosen = case_by_id(case_id), ACTS[verb]
        who = Person(actor_of(request), request.user)  # type: ignore[arg-type]
        return act(
            request,
            prompt=chosen.prompt(found),
            perform=lambda answer: chosen.perform(who, found, answer),
            back=f"/reconcile/cases/{case_id}/",
        )

    return view


@requires("reconcile", methods=("POST",))
def compare_now(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a comparison of one account; the page shows each pass as it ends."""
    account = _account(slug)
    kinds = ("history",) if request.POST.get("what") == "history" else QUICK
    asked = ask_comparison(actor=actor_of(request), account_id=account.pk, kinds=kinds)
    words = ", ".join(asked)
    messages.success(request, f"{slug}: {words} are being compared. This page shows the results.")
    return redirect("/reconcile/")


@requires("release_halt", methods=BOTH)
def clear(request: HttpRequest, slug: str) -> HttpResponse:
    """Let an account enter again after foreign activity."""
    account = _account(slug)
    return act(
        request,
        prompt=clear_prompt(account),
        perform=lambda answer: perform_clear(
            actor=actor_of(request), account=account, answer=answer
        ),
        back="/reconcile/",
    )


def _account(slug: str) -> VenueAccount:
    found = VenueAccount.objects.filter(slug=slug, archived_at=None).first()
    if found is None:
        raise NotFound("ACCOUNT_UNKNOWN", account=slug)
    return found
