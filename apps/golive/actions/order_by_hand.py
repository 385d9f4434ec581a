"""Place an order by hand, or ask for the second person whom an entry on real money needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID, uuid5

from apps.accounts.models import User
from apps.approvals.actions.open_request import Proposal, open_request
from apps.approvals.models import ChangeRequest
from apps.core.actor import Actor
from apps.core.domain.money import plain
from apps.core.errors import Conflict, RequiresChangeRequest
from apps.golive.actions.build_content import entry_built
from apps.trading.actions.place_manual import Placed, place_manual
from apps.trading.domain.manual import ManualTerms
from apps.trading.domain.manual_entry import KIND, terms_from

_NAMES: Final = UUID("5d0c8c1e-7a4e-4f0e-9f3b-1c6a2a1b7e55")


class EntryDenied(Conflict):
    """What people agreed to is refused by the judge when it is placed; `refusals` say why."""

    default_code = "ORDER_DENIED"


def order_by_hand(
    *, actor: Actor, user: User, bot_id: UUID, terms: ManualTerms, reason: str,
    dry_run: bool = False,
) -> Placed:  # fmt: skip
    """Place it; an entry on real money opens a change request instead, when the judge would pass it.

    A voter has 15 minutes; the order is judged again when it is placed.

    :raises RequestOpen: the same form has asked before.
    """
    ordered: dict[str, Any] = {"actor": actor, "bot_id": bot_id, "terms": terms, "reason": reason}
    try:
        return place_manual(**ordered, dry_run=dry_run)
    except RequiresChangeRequest:
        tried = replace(place_manual(**ordered, dry_run=True), dry_run=False)
    if tried.refusals:
        return tried
    built = entry_built(bot_id=bot_id, terms=terms)
    words = f"{terms.side} {plain(terms.amount)} {built.content['symbol']} {terms.type}"
    request = open_request(
        actor=actor,
        user=user,
        proposal=Proposal(
            kind=KIND,
            subject=("order", str(uuid5(_NAMES, f"{bot_id}:{terms.request_id}")), words),
            title=f"{built.content['bot']}: {words} by hand",
            content=built.content,
            before=built.before,
            reason=reason,
            real_money=True,
        ),
    )
    return replace(tried, request=request.reference)


def place_agreed(*, actor: Actor, proof: ChangeRequest) -> None:
    """Place the order that people agreed to, in the name of who asked for it.

    :raises EntryDenied: the judge refuses it now.
    """
    asked = Actor(
        kind="person", id=str(proof.requested_by_id), name=proof.requested_by.username,
        role=actor.role,
    )  # fmt: skip
    placed = place_manual(
        actor=asked, bot_id=UUID(proof.content["bot_id"]), terms=terms_from(proof.content),
        reason=f"{proof.reference}: {proof.reason}", proof=proof,
    )  # fmt: skip
    if placed.refusals:
        raise EntryDenied(refusals=[refusal["code"] for refusal in placed.refusals])
