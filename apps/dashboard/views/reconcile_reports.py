"""The report of an account and a period, as a page, JSON and CSV."""

from __future__ import annotations

import csv

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from apps.core.errors import NotFound
from apps.dashboard.access import requires
from apps.dashboard.queries.pages import slice_of
from apps.marketdata.clock import market_now
from apps.reconciliation.domain.report import HEADINGS, period_of
from apps.reconciliation.queries.reports import Report, read_report
from apps.venues.models import VenueAccount

ROWS = 50


@requires("view_operations")
def report(request: HttpRequest, slug: str) -> HttpResponse:
    """Show, or hand out with `format=json` or `csv`, what was compared and what it came to."""
    account = VenueAccount.objects.filter(slug=slug).first()
    if account is None:
        raise NotFound("ACCOUNT_UNKNOWN", account=slug)
    chosen = request.GET
    period = period_of(
        first=chosen.get("from", ""), last=chosen.get("to", ""), today=market_now().date()
    )
    found = read_report(account=account, period=period)
    form = chosen.get("format", "")
    if form == "json":
        answer: HttpResponse = JsonResponse(found.as_json())
        return _download(answer, found, "json")
    if form == "csv":
        return _download(_csv(found), found, "csv")
    context = {
        "report": found,
        "list": slice_of(found.rows, chosen, size=ROWS),
        "span": f"from={period.first}&to={period.last}",
        "live": {},
    }
    return render(request, "reconcile/report.html", context)


def _csv(found: Report) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    writer = csv.writer(answer)
    writer.writerow(HEADINGS)
    for row in found.rows:
        writer.writerow([_plain_cell(cell) for cell in row.cells()])
    return answer


def _plain_cell(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    is_formula = cell[:1] in {"=", "+", "@"} or (cell[:1] == "-" and not cell[1:2].isdigit())
    return f"'{cell}" if is_formula else cell


def _download(answer: HttpResponse, found: Report, ending: str) -> HttpResponse:
    name = f"reconciliation-{found.account.slug}-{found.period.first}-{found.period.last}.{ending}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
