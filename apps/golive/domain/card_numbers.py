"""Which cards a command names."""

from __future__ import annotations

import re

from apps.core.errors import InvalidInput


def numbers_of(text: str) -> list[int]:
    """Return the numbers of `1-20,30`, in order and each once; none for empty text.

    :raises InvalidInput: `CARDS_UNREADABLE`.
    """
    found: set[int] = set()
    for part in filter(None, text.replace(" ", "").split(",")):
        match = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part)
        if match is None:
            raise InvalidInput("CARDS_UNREADABLE", field="cards", part=part)
        first, last = int(match[1]), int(match[2] or match[1])
        found.update(range(first, last + 1))
    return sorted(found)
