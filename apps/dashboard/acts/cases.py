"""What may be done about a case: words and act side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from apps.accounts.models import User
from apps.core.actor import Actor
from apps.dashboard.acts.prompts import Answer, Choice, Prompt
from apps.dashboard.queries.reconcile import bots_for
from apps.golive.actions.build_content import write_off_built
from apps.golive.actions.request_adjustment import request_adoption, request_write_off
from apps.reconciliation.actions.accept_venue import accept_venue
from apps.reconciliation.actions.clear_foreign_activity import clear_foreign_activity
from apps.reconciliation.actions.comment_case import comment_case
from apps.reconciliation.actions.resolve_case import resolve_case
from apps.reconciliation.actions.take_case import take_case
from apps.reconciliation.models import Case
from apps.venues.models import VenueAccount


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, as the audit and as change requests know them."""

    actor: Actor
    user: User


@dataclass(frozen=True, slots=True)
class CaseAct:
    """One verb: its dialog, and what it does with the answer."""

    prompt: Callable[[Case], Prompt]
    perform: Callable[[Person, Case, Answer], str]


def _name(case: Case) -> str:
    return f"{case.kind.replace('_', ' ')} {case.subject}"


def _simple(verb: str, *lines: str, needs_reason: bool = True) -> Callable[[Case], Prompt]:
    def prompt(case: Case) -> Prompt:
        return Prompt(
            title=f"{verb}: {_name(case)}", verb=verb, lines=lines, needs_reason=needs_reason,
            is_safer=not needs_reason,
        )  # fmt: skip

    return prompt


def _write_off_prompt(case: Case) -> Prompt:
    lines = write_off_built(case.id).content["lines"]
    told = tuple(f"Ledger {asset}: {amount}" for asset, amount in lines.items())
    return Prompt(
        title=f"Propose to write off: {_name(case)}", verb="Propose the write-off",
        lines=(
            *told,
            "The ledger gets one adjustment entry; no bot's position or profit changes.",
            "A second person has to approve it before anything happens.",
        ),
        is_safer=False, needs_reason=True, fingerprint=str(sorted(lines.items())),
        level=2 if case.account.environment == "live" else 1,
        phrase="WRITE OFF" if case.account.environment == "live" else "",
    )  # fmt: skip


def _adopt_prompt(case: Case) -> Prompt:
    return Prompt(
        title=f"Propose to adopt: {_name(case)}", verb="Propose the adoption",
        lines=(
            "The order and its fills become the bot's: its position, profit, stop and limits.",
            "A second person has to approve it before anything happens.",
        ),
        choices=tuple(Choice(bot.slug, f"{bot.slug} ({bot.state})") for bot in bots_for(case)),
        is_safer=False, needs_reason=True, fingerprint=str(case.venue),
        level=2 if case.account.environment == "live" else 1,
        phrase="ADOPT" if case.account.environment == "live" else "",
    )  # fmt: skip


def _take(who: Person, case: Case, _answer: Answer) -> str:
    take_case(actor=who.actor, case_id=case.id)
    return "The case is yours."


def _comment(who: Person, case: Case, answer: Answer) -> str:
    comment_case(actor=who.actor, case_id=case.id, text=answer.reason)
    return "Your comment is kept."


def _resolve(who: Person, case: Case, answer: Answer) -> str:
    resolve_case(actor=who.actor, case_id=case.id, reason=answer.reason)
    return "The case is resolved."


def _accept(who: Person, case: Case, answer: Answer) -> str:
    done = accept_venue(actor=who.actor, case_id=case.id, reason=answer.reason)
    return f"The venue's word is booked: {done.resolution}."


def _write_off(who: Person, case: Case, answer: Answer) -> str:
    made = request_write_off(actor=who.actor, user=who.user, case_id=case.id, reason=answer.reason)
    return f"{made.reference} waits for a second person."


def _adopt(who: Person, case: Case, answer: Answer) -> str:
    bots: dict[str, UUID] = {bot.slug: bot.pk for bot in bots_for(case)}
    made = request_adoption(
        actor=who.actor, user=who.user, case_id=case.id, bot_id=bots[answer.choice],
        reason=answer.reason,
    )  # fmt: skip
    return f"{made.reference} waits for a second person."


ACTS: Final[dict[str, CaseAct]] = {
    "take": CaseAct(
        _simple("Take", "Others see that you work on it.", needs_reason=False), _take
    ),
    "comment": CaseAct(_simple("Comment", "The text is kept in the case and the audit."), _comment),
    "resolve": CaseAct(
        _simple("Resolve", "The case closes. The same event does not open it again.",
                "The books stay as they are."), _resolve,
    ),
    "accept": CaseAct(
        _simple("Accept the venue's word", "The venue is asked once more.",
                "Fills that it still shows are booked; then the order ends in our books."), _accept,
    ),
    "write-off": CaseAct(_write_off_prompt, _write_off),
    "adopt": CaseAct(_adopt_prompt, _adopt),
}  # fmt: skip


def clear_prompt(account: VenueAccount) -> Prompt:
    """Return the dialog that lets an account enter again after foreign activity."""
    is_live = account.environment == "live"
    return Prompt(
        title=f"Let {account.slug} enter again", verb="Lift FOREIGN_ACTIVITY", is_safer=False,
        lines=("Bots on this account may open positions again.",
               "It is refused while a foreign case is open, or before a clean comparison."),
        needs_reason=True, level=2 if is_live else 1,
        phrase=f"RESUME {account.slug.upper()}" if is_live else "",
    )  # fmt: skip


def perform_clear(*, actor: Actor, account: VenueAccount, answer: Answer) -> str:
    """Lift FOREIGN_ACTIVITY.

    :raises StillForeign: a case is open, or nothing was compared clean since.
    """
    clear_foreign_activity(actor=actor, account_id=account.pk, reason=answer.reason)
    return f"{account.slug} may enter again."


def words_of(case: Case) -> dict[str, Any]:
    """Return what the case's dialogs and messages call it."""
    return {"name": _name(case), "address": f"/reconcile/cases/{case.pk}/"}
