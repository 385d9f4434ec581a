"""The one shape of every act: a dialog by GET, the act by POST, a message afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.dashboard.acts.prompts import Answer, Prompt, check_answer
from apps.dashboard.safe import local_address, submission_key, take_once


def act(
    request: HttpRequest, *, prompt: Prompt, perform: Callable[[Answer], str], back: str
) -> HttpResponse:
    """Show the dialog, or check the answer and do the act.

    The same prompt is made anew for the POST, so that its counts are those of that moment.
    """
    back = local_address(
        request, request.POST.get("next") or request.GET.get("next") or back, default=back
    )
    errors: dict[str, str] = {}
    if request.method == "POST":
        answer, errors = check_answer(prompt, request.POST)
        if not errors:
            take_once(request)
            messages.success(request, perform(answer))
            return redirect(back)
    context: dict[str, Any] = {
        "prompt": prompt, "errors": errors, "back": back, "action": request.path,
        "submission": submission_key(), "sent": request.POST,
    }  # fmt: skip
    page = "acts/form.html" if request.headers.get("HX-Request") else "acts/page.html"
    return render(request, page, context, status=422 if errors else 200)
