"""Take secrets out of anything that leaves the process as a report or a log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

HIDDEN: Final = "[scrubbed]"
SENSITIVE_NAME: Final = re.compile(
    r"(secret|passw|token|api_?key|authorization|cookie|signature|keyring|private|mark_key|dsn|session)",
    re.IGNORECASE,
)
SENSITIVE_TEXT: Final = (
    re.compile(r"(?i)(signature|apiKey|secret|password|token|X-MBX-APIKEY)(['\"]?\s*[=:]\s*['\"]?)[^&\s'\",;]+"),
    re.compile(r"(?i)\b((?:bearer|basic|token)\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"\b[A-Za-z0-9]{64}\b"),
    re.compile(r"\btd_[0-9a-f]{16,}\b"),
    re.compile(r"(?i)([a-z+]+://[^:/@\s]*:)[^@/\s]+(?=@)"),
    re.compile(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----", re.DOTALL),
)  # fmt: skip


def scrub_text(text: str) -> str:
    """Return `text` with everything that looks like a credential replaced."""
    for pattern in SENSITIVE_TEXT:
        text = pattern.sub(lambda m: "".join(m.groups("")) + HIDDEN, text)
    return text


def scrub(value: Any) -> Any:
    """Return a copy of a JSON-like value without secrets, by key name and by look."""
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if SENSITIVE_NAME.search(str(key)) and item else scrub(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [scrub(item) for item in value]
    if isinstance(value, str):
        return scrub_text(value)
    return value
