"""One-time links: only their hash is stored."""

from __future__ import annotations

import hashlib


def digest(token: str) -> str:
    """Return the SHA-256 of a link's text, hex."""
    return hashlib.sha256(token.encode()).hexdigest()
