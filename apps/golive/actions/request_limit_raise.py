"""Ask for a limit to be raised."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from apps.accounts.models import User
from apps.approvals.actions.open_request import Proposal, open_request
from apps.approvals.models import ChangeRequest
from apps.core.actor import Actor
from apps.core.domain.money import exact, plain
from apps.core.errors import InvalidInput, NotFound
from apps.golive.actions.build_content import raise_content
from apps.golive.queries import touches_real_money
from apps.risk.domain.defaults import ALWAYS
from apps.risk.domain.limits import LIMITS
from apps.risk.models import Limit
from apps.risk.queries import scope_exists


@dataclass(frozen=True, slots=True)
class LimitRaise:
    """A limit of one scope (`scope_id` empty for the desk) and the value it should get."""

    scope_kind: str
    scope_id: str
    name: str
    value: Decimal


def request_limit_raise(
    *, actor: Actor, user: User, wanted: LimitRaise, reason: str, replaces: UUID | None = None
) -> ChangeRequest:
    """Open the request to raise the limit; lowering needs none.

    :raises InvalidInput: `LIMIT_UNKNOWN`, `NOT_A_NUMBER`, `LIMIT_NOT_RAISED`, `REASON_MISSING`.
    :raises NotFound: `SCOPE_NOT_FOUND`.
    :raises RequestOpen: another request for this limit is open.
    """
    present = _present(wanted)
    scope_id = "" if wanted.scope_kind == "desk" else wanted.scope_id
    built = raise_content(
        scope_kind=wanted.scope_kind, scope_id=scope_id, name=wanted.name, value=plain(wanted.value)
    )
    words = f"{LIMITS[wanted.name][1]} ({wanted.scope_kind})"
    proposal = Proposal(
        kind="limit.raise",
        subject=("limit", f"{wanted.scope_kind}:{scope_id}:{wanted.name}"[:64], words),
        title=f"Raise {words.lower()} from {plain(present)} to {plain(wanted.value)}",
        content=built.content,
        before=built.before,
        reason=reason,
        real_money=touches_real_money(scope_kind=wanted.scope_kind, scope_id=scope_id),
    )
    return open_request(actor=actor, user=user, proposal=proposal, replaces=replaces)


def _present(wanted: LimitRaise) -> Decimal:
    """Return the value that binds now; a first limit only narrows and needs no request."""
    if wanted.name not in LIMITS:
        raise InvalidInput("LIMIT_UNKNOWN", field="name", value=wanted.name, known=sorted(LIMITS))
    value = exact(wanted.value, field="value")
    scope_id = "" if wanted.scope_kind == "desk" else wanted.scope_id
    if wanted.scope_kind not in {"desk", "account", "bot", "instrument"} or not scope_exists(
        scope_kind=wanted.scope_kind, scope_id=scope_id
    ):
        raise NotFound("SCOPE_NOT_FOUND", scope_kind=wanted.scope_kind, scope_id=scope_id)
    row = Limit.objects.filter(
        scope_kind=wanted.scope_kind, scope_id=scope_id, name=wanted.name
    ).first()
    present = row.value if row else ALWAYS.get(wanted.name)
    if present is None or value <= present:
        raise InvalidInput(
            "LIMIT_NOT_RAISED", field="value", value=plain(value),
            present=None if present is None else plain(present),
        )  # fmt: skip
    return present
