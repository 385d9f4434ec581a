"""What a topic holds: finished values by key, and a version for each region of a page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.dashboard.domain.formats import Cell


@dataclass(frozen=True, slots=True)
class Live:
    """The state of one topic, as it was read in one go."""

    values: dict[str, Cell] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def flat(self) -> dict[str, Any]:
        """Return values and versions as one mapping; regions carry an `@`."""
        return {**self.values, **{f"@{name}": version for name, version in self.versions.items()}}


def version(*parts: object) -> str:
    """Return a short fingerprint; it changes exactly when a part does."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def difference(*, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what must be set to turn `before` into `after`; a key that went away becomes None."""
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    gone: dict[str, Any] = {key: None for key in before if key not in after}
    return changed | gone
