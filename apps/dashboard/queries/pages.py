"""Pages of long lists without counting them: read one row more than is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.http import QueryDict

PAGE_ROWS: Final = 50
PAGES_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its rows and the query strings of its neighbours ("" where none is)."""

    rows: Sequence[Any]
    newer: str
    older: str
    words: str


def page_of(rows: QuerySet[Any], parameters: QueryDict, *, size: int = PAGE_ROWS) -> Page:
    """Return the page that `parameters["page"]` names (one statement)."""
    number = wanted_page(parameters)
    start = (number - 1) * size
    found = list(rows[start : start + size + 1])
    has_older = len(found) > size and number < PAGES_MAX
    shown = found[:size]
    words = f"{start + 1}–{start + len(shown)}" if shown else ""
    return Page(
        rows=shown,
        newer=_with_page(parameters, number - 1) if number > 1 else "",
        older=_with_page(parameters, number + 1) if has_older else "",
        words=words,
    )


def slice_of(rows: Sequence[Any], parameters: QueryDict, *, size: int) -> Page:
    """Return one page of rows that are read already."""
    number = wanted_page(parameters)
    start = (number - 1) * size
    shown = rows[start : start + size]
    return Page(
        rows=shown,
        newer=_with_page(parameters, number - 1) if number > 1 else "",
        older=_with_page(parameters, number + 1) if start + size < len(rows) else "",
        words=f"{start + 1}–{start + len(shown)} of {len(rows)}" if shown else "",
    )


def wanted_page(parameters: QueryDict) -> int:
    """Return the page number asked for, 1 when it is none."""
    text = parameters.get("page", "1")
    return (
        min(PAGES_MAX, max(1, int(text)))
        if text.isascii() and text.isdigit() and len(text) < 6
        else 1
    )


def _with_page(parameters: QueryDict, number: int) -> str:
    changed = parameters.copy()
    changed.pop("part", None)
    changed["page"] = str(number)
    return changed.urlencode()
