"""What the forms share: a refusal in words."""

from __future__ import annotations

from apps.core.errors import DeskError
from apps.dashboard.domain.words import sentence


def refusal_words(error: DeskError) -> str:
    """Return a refusal in words, with what would pass."""
    told = ", ".join(
        f"{key.replace('_', ' ')} {value}"
        for key, value in error.context.items()
        if key not in {"field", "message"} and value not in (None, "")
    )
    words = str(error.context.get("message") or sentence(error.code))
    return f"{words} ({told})" if told else words
