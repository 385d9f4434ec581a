"""Keep a row for each thing that the desk's own checks found, from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from apps.core.clock import now
from apps.ops.models import Finding


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: its name and words, how many rows, and up to ten of them."""

    name: str
    words: str
    rows: int
    sample: list[list[Any]] = field(default_factory=list)


def note_findings(*, found: Sequence[Found]) -> int:
    """Open a row for what is new, go on with what lasts, close what is over; return how many opened."""
    moment = now()
    opened = 0
    with transaction.atomic():
        known = {
            row.name: row for row in Finding.objects.select_for_update().filter(resolved_at=None)
        }
        for item in found:
            values = {"rows": item.rows, "sample": item.sample, "last_seen_at": moment}
            if row := known.pop(item.name, None):
                Finding.objects.filter(id=row.id).update(**values)
                continue
            Finding.objects.create(
                name=item.name[:80], words=item.words[:200], first_seen_at=moment, **values
            )
            opened += 1
        Finding.objects.filter(id__in=[row.id for row in known.values()]).update(resolved_at=moment)
    return opened
