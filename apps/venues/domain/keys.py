"""Rules about venue keys: how they are bound to their row, and how they are named."""

from __future__ import annotations

import hashlib
from uuid import UUID


def seal_context(account_id: UUID, field: str) -> str:
    """Return the associated data of a sealed key: model, row and field."""
    return f"venues.VenueAccount:{account_id}:{field}"


def fingerprint(api_key: str) -> str:
    """Return 16 hex digits that name a key without telling it."""
    return hashlib.sha256(f"venue-key:{api_key}".encode()).hexdigest()[:16]
