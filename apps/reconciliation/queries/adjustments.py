"""The canonical content of a books adjustment, built from its case as it is now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from apps.bots.models import Bot
from apps.core.errors import Conflict, NotFound
from apps.reconciliation.domain.adjustments import adopted_terms, write_off_lines
from apps.reconciliation.models import Case


def case_by_id(case_id: UUID) -> Case:
    """Return a case with its account.

    :raises NotFound: `CASE_NOT_FOUND`.
    """
    found = Case.objects.select_related("account").filter(id=case_id).first()
    if found is None:
        raise NotFound("CASE_NOT_FOUND", case=str(case_id))
    return found


def write_off_content(*, case: Case) -> dict[str, Any]:
    """Return what a write-off of the case would post: asset → change of our ledger.

    :raises NotThisWay: the case is no amount of an asset.
    """
    lines = write_off_lines(kind=case.kind, subject=case.subject, book=case.book, venue=case.venue)
    return {**_of(case), "lines": lines}


def adopt_content(*, case: Case, bot_id: UUID) -> dict[str, Any]:
    """Return the order that `bot_id` would take over from the case.

    :raises NotThisWay: the case is neither an order nor a position.
    :raises NotFound: `BOT_NOT_FOUND`.
    :raises Conflict: `BOT_OF_OTHER_ACCOUNT`, `BOT_WITHOUT_CONFIG`, `ORDER_OF_OTHER_BOT` where the
        order's id proves which bot sent it.
    """
    bot = Bot.objects.filter(id=bot_id).first()
    if bot is None:
        raise NotFound("BOT_NOT_FOUND", bot=str(bot_id))
    if bot.account_id != case.account_id:
        raise Conflict("BOT_OF_OTHER_ACCOUNT", bot=bot.slug)
    whose = str((case.venue.get("author") or {}).get("bot_id") or bot.pk)
    if whose != str(bot.pk):
        raise Conflict("ORDER_OF_OTHER_BOT", bot=bot.slug, author=case.venue["author"]["bot"])
    if bot.config_id is None:
        raise Conflict("BOT_WITHOUT_CONFIG", bot=bot.slug)
    terms = adopted_terms(case_id=case.id.hex, kind=case.kind, book=case.book, venue=case.venue)
    return {**_of(case), "bot_id": bot.id, "bot": bot.slug, "order": terms}


def _of(case: Case) -> dict[str, Any]:
    return {
        "case_id": case.id, "account_id": case.account_id, "account": case.account.slug,
        "kind": case.kind, "subject": case.subject,
    }  # fmt: skip
