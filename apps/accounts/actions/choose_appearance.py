"""Choose how the desk looks to oneself."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from apps.accounts.models import User
from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.errors import InvalidInput

THEMES: Final = ("auto", "light", "dark")
PALETTES: Final = ("classic", "blue")


def choose_appearance(*, actor: Actor, user: User, theme: str, palette: str) -> None:
    """Store the person's theme and profit palette.

    :raises InvalidInput: `THEME_UNKNOWN`, `PALETTE_UNKNOWN`.
    """
    if theme not in THEMES:
        raise InvalidInput("THEME_UNKNOWN", field="theme", value=theme, allowed=list(THEMES))
    if palette not in PALETTES:
        raise InvalidInput(
            "PALETTE_UNKNOWN", field="palette", value=palette, allowed=list(PALETTES)
        )
    with transaction.atomic(), acting(actor=actor, verb="user.appearance"):
        User.objects.filter(pk=user.pk).update(theme=theme, palette=palette)
