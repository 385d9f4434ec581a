"""Take the demo out of a desk: what traded stays in the books, nothing of it goes on."""

from __future__ import annotations

from apps.accounts.actions.deactivate import deactivate
from apps.accounts.models import User
from apps.bots.actions.archive import archive
from apps.bots.actions.stop import stop
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.errors import Conflict, DeskError, NotFound
from apps.demo.domain.fleet import ACCOUNT_SLUG
from apps.venues.actions.archive_account import archive_account
from apps.venues.models import VenueAccount

ACTOR = Actor.task("demo.clear")
REASON = "demo cleared"


def clear() -> list[str]:
    """Stop and archive the demo's bots and account, deactivate its people; return what remains.

    A bot that still holds a position is stopped with its stop at the exchange and named in the
    answer; run the command again when it is flat.

    :raises NotFound: `NO_DEMO` when there is none.
    :raises Conflict: `NO_OTHER_PERSON` when nobody else could sign in afterwards.
    """
    account = VenueAccount.objects.filter(slug=ACCOUNT_SLUG, archived_at=None).first()
    if account is None:
        raise NotFound("NO_DEMO", account=ACCOUNT_SLUG)
    if not User.objects.filter(is_demo=False, is_active=True, is_machine=False).exists():
        raise Conflict(
            "NO_OTHER_PERSON",
            message="Add a person of your own first: sign in as ada, Admin, Users, Add.",
        )
    left = []
    for bot in Bot.objects.filter(account=account, archived_at=None):
        if bot.state in {"running", "paused"}:
            stop(actor=ACTOR, bot_id=bot.id, reason=REASON)
        try:
            archive(actor=ACTOR, bot_id=bot.id, reason=REASON)
        except DeskError as error:
            left.append(f"{bot.slug}: {error.code}")
    if not left:
        archive_account(actor=ACTOR, account_id=account.id, reason=REASON)
    for person in User.objects.filter(is_demo=True, is_active=True):
        deactivate(actor=ACTOR, user=person, reason=REASON)
    return left
