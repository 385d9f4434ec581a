"""Take secrets out of anything that leaves the process as a report or a log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
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


# without one of these, and without a long run of letters and digits, no pattern above matches
_SIGNS: Final = (
    "secret", "passw", "token", "apikey", "api_key", "authorization", "cookie", "signature",
    "keyring", "private", "mark_key", "dsn", "session", "bearer", "basic", "td_", "@", "-----begin",
    "\\u",
)  # fmt: skip
# any run of 64 holds a whole block of 32 that begins at a multiple of 32
_BLOCK: Final = 32


def is_suspect(text: str) -> bool:
    """Return whether `text` may hold a credential or its name: cheap, and never wrongly False."""
    if not text.isascii():
        return True
    lower = text.lower()
    return any(sign in lower for sign in _SIGNS) or any(
        text[start : start + _BLOCK].isalnum() for start in range(0, len(text) - _BLOCK + 1, _BLOCK)
    )


def scrub_text(text: str) -> str:
    """Return `text` with everything that looks like a credential replaced."""
    if not is_suspect(text):
        return text
    if "&" in text and "@" not in text and not any(c in text for c in " \n\t\r\v\f\"'-"):
        # a form's pairs are looked at one by one: nearly all of them are innocent
        return "&".join(part if _is_innocent(part) else _scrubbed(part) for part in text.split("&"))
    return _scrubbed(text)


def _is_innocent(pair: str) -> bool:
    """Return whether a form's pair is a plain word or number under a name that hides nothing."""
    name, _, value = pair.partition("=")
    is_plain = len(value) < 2 * _BLOCK and value.replace(".", "").isalnum()
    return not _is_name_suspect(name) if is_plain else not is_suspect(pair)


# there are few names
@lru_cache(maxsize=1024)
def _is_name_suspect(name: str) -> bool:
    return is_suspect(name)


def _scrubbed(text: str) -> str:
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
