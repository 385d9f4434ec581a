"""A scope as callers write it: two keywords that belong together."""

from __future__ import annotations

from typing import TypedDict


class ScopeTerms(TypedDict):
    """`scope_id` is empty for the desk, a stage, a venue id, a strategy's name, else a row's id."""

    scope_kind: str
    scope_id: str
