"""Delete what has served its time: sessions, expired tokens and links, failed sign-ins."""

from __future__ import annotations

from datetime import timedelta

from axes.models import AccessAttempt, AccessLog
from django.contrib.sessions.models import Session
from django.db import transaction

from apps.accounts.models import ApiToken, WelcomeLink
from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.clock import now


def clean_up(*, actor: Actor) -> dict[str, int]:
    """Return how many rows of each kind were deleted."""
    moment = now()
    month = moment - timedelta(days=30)
    expired = {
        "sessions": Session.objects.filter(expire_date__lt=moment),
        "tokens": ApiToken.objects.filter(expiry__lt=moment),
        "links": WelcomeLink.objects.filter(expires_at__lt=moment),
        "attempts": AccessAttempt.objects.filter(attempt_time__lt=month),
        "sign_ins": AccessLog.objects.filter(attempt_time__lt=month),
    }
    with transaction.atomic(), acting(actor=actor, verb="system.clean_up"):
        return {name: rows.delete()[0] for name, rows in expired.items()}
