"""What crossed the wire, made readable: JSON indented, a query string one parameter a line."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import parse_qsl

SHOWN_MAX: Final = 6000


def pretty(text: str) -> str:
    """Return `text` as people read it; what is neither JSON nor parameters stays as it is."""
    stripped = text.strip()
    if not stripped:
        return ""
    shown = _json(stripped) or _parameters(stripped) or stripped
    return shown if len(shown) <= SHOWN_MAX else f"{shown[:SHOWN_MAX]}\n…"


def _json(text: str) -> str:
    if text[0] not in "{[":
        return ""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


def _parameters(text: str) -> str:
    if "=" not in text or any(blank in text for blank in " \n<{"):
        return ""
    return "\n".join(f"{name} = {value}" for name, value in parse_qsl(text, keep_blank_values=True))
