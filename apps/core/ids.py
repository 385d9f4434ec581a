"""Row ids."""

from __future__ import annotations

from uuid import UUID

from uuid6 import uuid7


def new_id() -> UUID:
    """Return a UUIDv7: unique, and ordered by time so that indexes stay compact."""
    return UUID(int=uuid7().int)
