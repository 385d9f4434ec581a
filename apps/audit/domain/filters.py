"""What one may ask the record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Each field narrows; empty ones do not. `since` is inclusive, `until` is not."""

    object_type: str = ""
    object_id: str = ""
    actor: str = ""
    verb: str = ""
    change_request: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
