"""Runbook pages: Markdown files of the house, rendered without any HTML of their own."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

from apps.core.errors import NotFound
from apps.dashboard.access import requires
from apps.reconciliation.models import CASE_KINDS

HOME: Final = settings.BASE_DIR / "docs" / "runbooks"
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")


@requires("view_desk")
def runbook(request: HttpRequest, kind: str) -> HttpResponse:
    """Show the runbook of one kind of case."""
    path = HOME / f"{kind}.md"
    if kind not in CASE_KINDS or not path.is_file():
        raise NotFound("RUNBOOK_NOT_FOUND", kind=kind)
    text = _MARKDOWN.render(path.read_text(encoding="utf-8"))
    context = {"text": SafeString(text), "kind": kind, "kinds": CASE_KINDS, "live": {}}
    return render(request, "reconcile/runbook.html", context)
