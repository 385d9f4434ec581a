"""Create a bot: a draft on paper."""

from __future__ import annotations

import re
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.audit.context import acting
from apps.bots.domain.stages import environment_fits
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.bell import ring
from apps.core.clock import now
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.marketdata.clock import market_now
from apps.venues.models import VenueAccount

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def create_bot(*, actor: Actor, slug: str, name: str, account_id: UUID, reason: str = "") -> Bot:
    """Make a bot in state draft and stage paper on a simulated account.

    :raises InvalidInput: `SLUG_INVALID`, `NAME_REQUIRED`, `STAGE_NEEDS_OTHER_ACCOUNT`.
    :raises NotFound: `UNKNOWN_ACCOUNT`.
    :raises Conflict: `SLUG_TAKEN`.
    """
    if not SLUG.fullmatch(slug) or len(slug) > 48:
        raise InvalidInput("SLUG_INVALID", field="slug", value=slug)
    if not name.strip() or len(name) > 80:
        raise InvalidInput("NAME_REQUIRED", field="name", max=80)
    account = VenueAccount.objects.filter(pk=account_id, archived_at=None).first()
    if account is None:
        raise NotFound("UNKNOWN_ACCOUNT", field="account", value=str(account_id))
    if not environment_fits(stage="paper", environment=account.environment, rehearsal=False):
        raise InvalidInput(
            "STAGE_NEEDS_OTHER_ACCOUNT",
            field="account",
            stage="paper",
            environment=account.environment,
        )
    try:
        with transaction.atomic(), acting(actor=actor, verb="bot.create", reason=reason):
            bot = Bot.objects.create(
                slug=slug, name=name.strip(), account=account, state="draft", state_since=now(),
                stage="paper", stage_since=market_now(),
            )  # fmt: skip
    except IntegrityError as error:
        if "slug" not in str(error):
            raise
        raise Conflict("SLUG_TAKEN", field="slug", value=slug) from error
    ring("fleet")
    return bot
