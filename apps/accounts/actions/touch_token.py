"""Note that a token was used."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Q

from apps.accounts.models import ApiToken
from apps.core.clock import now

# A busy client must not turn every read into a write.
RESOLUTION: Final = timedelta(minutes=1)


def touch_token(*, token: ApiToken) -> None:
    """Set `last_used_at` of the token, at most once a minute."""
    moment = now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=moment - RESOLUTION)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=moment)
