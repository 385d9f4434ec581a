"""One hash over what a desk ended with, without venue ids and wall times."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.core.domain.money import plain


def _canonical(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def digest_of(sections: dict[str, Iterable[tuple[Any, ...]]]) -> tuple[str, dict[str, str]]:
    """Return the hash of all sections (each an ordered list of rows) and of each one."""
    parts: dict[str, str] = {}
    for name, rows in sorted(sections.items()):
        hasher = hashlib.sha256()
        for row in rows:
            hasher.update(json.dumps([_canonical(value) for value in row]).encode())
            hasher.update(b"\n")
        parts[name] = hasher.hexdigest()
    whole = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return whole, parts
