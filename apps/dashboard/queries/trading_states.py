"""Which restriction binds which bot: the strictest of all its scopes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.risk.domain.restrictions import SEVERITY
from apps.risk.models import Restriction


@dataclass(frozen=True, slots=True)
class Held:
    """One restriction in force."""

    id: UUID
    scope_kind: str
    scope_id: str
    state: str
    code: str
    reason: str
    set_at: datetime
    set_by: str


def restrictions_in_force() -> list[Held]:
    """Return every restriction that was not lifted, newest first (one statement)."""
    fields = ("id", "scope_kind", "scope_id", "state", "code", "reason", "set_at", "set_by")
    rows = Restriction.objects.filter(lifted_at=None).order_by("-set_at").values_list(*fields)
    return [Held(*row) for row in rows]


def binding(restrictions: Iterable[Held], bot: dict[str, Any]) -> list[Held]:
    """Return those restrictions that bind `bot` (keys id, stage, account_id, venue, strategy)."""
    scopes = {
        ("desk", ""),
        ("stage", bot["stage"]),
        ("venue", bot["venue"]),
        ("account", str(bot["account_id"])),
        ("strategy", bot["strategy"] or ""),
        ("bot", str(bot["id"])),
    }
    return [item for item in restrictions if (item.scope_kind, item.scope_id) in scopes]


def strictest(restrictions: Iterable[Held]) -> Held | None:
    """Return the strictest restriction, or None when trading is active."""
    return max(restrictions, key=lambda item: SEVERITY[item.state], default=None)
