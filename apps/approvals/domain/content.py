"""The canonical form of a change and its hash: what people vote for, byte by byte.

PostgreSQL computes the same hash from the stored JSON (`approvals_canonical` in migration 0003).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.core.domain.money import plain
from apps.core.errors import InvalidInput


def canonical(value: Any) -> Any:  # noqa: PLR0911 - one line a type
    """Return `value` made only of objects, lists, text, integers, booleans and null.

    Decimals become plain text, floats their shortest text, times RFC 3339 in UTC, ids text:
    so no reader, and no database, can print the same content in two ways.

    :raises InvalidInput: `CONTENT_NOT_CANONICAL` for anything else.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise InvalidInput("CONTENT_NOT_CANONICAL", type=type(value).__name__)


def canonical_text(content: Mapping[str, Any]) -> str:
    """Return the one text of a content: keys by code point, no spaces, no escapes but JSON's own."""
    return json.dumps(canonical(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def content_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical text, hex."""
    return hashlib.sha256(canonical_text(content).encode()).hexdigest()
