"""The shape of an act with terms: a form, a preview by the act's own dry run, then the act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.core.errors import DeskError
from apps.dashboard.order_forms import TermsForm
from apps.dashboard.safe import local_address, submission_key, take_once
from apps.trading.actions.place_manual import Placed

CHANGED = "The terms changed since the preview. Read it again and repeat."


@dataclass(frozen=True, slots=True)
class Ask:
    """An act with terms. `perform` takes whether to try only; `told` gives message and next address."""

    title: str
    verb: str
    lines: tuple[str, ...]
    form: TermsForm
    perform: Callable[[bool], Placed]
    preview: Callable[[Placed], list[str]]
    told: Callable[[Placed], tuple[str, str]]
    back: str
    phrase: str = ""
    query: str = ""


def ask(request: HttpRequest, wanted: Ask) -> HttpResponse:
    """Show the form, its preview, or do the act that was previewed.

    Nothing is done without a preview of the same terms; the preview is made anew for the act.
    """
    tried, error = None, ""
    if request.method == "POST" and wanted.form.is_valid():
        tried = _try(wanted, dry_run=True)
        if tried is not None and request.POST.get("step") == "do" and not tried.refusals:
            error = _missing(request, wanted)
            if not error:
                take_once(request)
                tried = _try(wanted, dry_run=False)
                if tried is not None and not tried.refusals:
                    return _gone(request, *wanted.told(tried))
    has_errors = bool(error or wanted.form.errors or (tried and tried.refusals))
    context: dict[str, Any] = {
        "ask": wanted, "form": wanted.form, "tried": tried, "error": error,
        "preview": wanted.preview(tried) if tried else [],
        "fingerprint": wanted.form.fingerprint if tried else "",
        "action": request.path + (f"?{wanted.query}" if wanted.query else ""),
        "submission": submission_key(),
        "back": local_address(request, request.POST.get("next") or request.GET.get("next", ""), default=wanted.back),
    }  # fmt: skip
    page = "acts/terms.html" if request.headers.get("HX-Request") else "acts/terms_page.html"
    # in a dialog the form is the answer, whatever it says; a browser would log a 4xx as a failure
    is_page = not request.headers.get("HX-Request")
    return render(request, page, context, status=422 if has_errors and is_page else 200)


def _try(wanted: Ask, *, dry_run: bool) -> Placed | None:
    try:
        return wanted.perform(dry_run)
    except DeskError as refusal:
        wanted.form.refuse(refusal)
        return None


def _missing(request: HttpRequest, wanted: Ask) -> str:
    if request.POST.get("fingerprint") != wanted.form.fingerprint:
        return CHANGED
    if wanted.phrase and request.POST.get("phrase", "").strip() != wanted.phrase:
        return f"Type {wanted.phrase} exactly."
    return ""


def _gone(request: HttpRequest, message: str, address: str) -> HttpResponse:
    messages.success(request, message)
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = address
        return answer
    return redirect(address)
