"""Bases of every admin page: records are read, never edited; a page declares who may open it."""

from __future__ import annotations

import csv
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

EXPORT_MAX = 10_000
TONES = {
    "running": "ok", "filled": "ok", "done": "ok", "applied": "ok", "pass": "ok", "healed": "ok",
    "paused": "warn", "partially_filled": "warn", "in_review": "warn", "reducing": "warn",
    "open": "info", "submitted": "info", "created": "info", "approved": "info", "testnet": "info",
    "failed": "bad", "rejected": "bad", "halted": "bad", "unknown": "bad", "critical": "bad",
    "mainnet": "main", "small_capital": "main",
}  # fmt: skip
GLYPHS = {"ok": "✓", "warn": "❚❚", "info": "○", "bad": "✕", "main": "●", "": "–"}


def badge(value: str) -> SafeString:
    """Return a state as glyph and word; colour never stands alone."""
    tone = TONES.get(value, "")
    return format_html(
        '<span class="b {}"><span aria-hidden="true">{}</span> {}</span>',
        tone,
        GLYPHS[tone],
        value.replace("_", " "),
    )


@admin.action(description="Export the selected rows as CSV")
def export_csv(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:  # noqa: ARG001
    """Return the selected rows, at most 10,000, secrets left out."""
    hidden = set(model_admin.hidden)
    names = [f.attname for f in model_admin.model._meta.fields if f.name not in hidden]
    answer = HttpResponse(content_type="text/csv")
    answer["Content-Disposition"] = (
        f'attachment; filename="{model_admin.model._meta.model_name}.csv"'
    )
    writer = csv.writer(answer)
    writer.writerow(names)
    writer.writerows(queryset.values_list(*names)[:EXPORT_MAX])
    return answer


class EstimatingPaginator(Paginator):  # type: ignore[type-arg]
    """Counts exactly up to 10,000 rows; a whole large table is taken from its statistics."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, or PostgreSQL's estimate of a large unfiltered table."""
        rows = self.object_list
        if isinstance(rows, QuerySet) and not rows.query.where:
            with connections[rows.db].cursor() as cursor:
                cursor.execute(
                    "SELECT reltuples FROM pg_class WHERE oid = %s::regclass",
                    [rows.model._meta.db_table],
                )
                estimate = int(cursor.fetchone()[0])
            if estimate > EXPORT_MAX:
                return estimate
        return super().count


class RecordAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A read-only list and page; `needs` is the permission of `accounts` that opens it."""

    needs = "view_desk"
    hidden: tuple[str, ...] = ()
    group = "Records"
    list_per_page = 50
    paginator = EstimatingPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = (export_csv,)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Return every field but the hidden ones."""
        return [f for f in super().get_fields(request, obj) if f not in self.hidden]

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether the person's roles carry the page's permission."""
        return bool(request.user.has_perm(f"accounts.{self.needs}"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """A page that may be opened is listed."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Records are made by the desk."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Records are not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is deleted."""
        return False
