"""Ask for an adjustment of the books: a write-off, or a bot that takes over what is not ours."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.approvals.actions.open_request import Proposal, open_request
from apps.approvals.models import ChangeRequest
from apps.core.actor import Actor
from apps.core.errors import InvalidInput
from apps.golive.actions.build_content import Built, adopt_built, write_off_built
from apps.reconciliation.actions.lock_case import lock_case, tell
from apps.reconciliation.domain.adjustments import ADOPT, WRITE_OFF
from apps.reconciliation.models import Case


def request_write_off(*, actor: Actor, user: User, case_id: UUID, reason: str) -> ChangeRequest:
    """Open the request to post a case's difference as an adjustment.

    :raises CaseNotFound, CaseClosed, NotThisWay: this case cannot be written off.
    :raises InvalidInput: `NOTHING_TO_WRITE_OFF`, `REASON_MISSING`.
    :raises RequestOpen: another request for this case is open.
    """
    built = write_off_built(case_id)
    lines = built.content["lines"]
    if not any(amount != "0" for amount in lines.values()):
        raise InvalidInput("NOTHING_TO_WRITE_OFF", field="case", value=str(case_id))
    words = ", ".join(f"{amount} {asset}" for asset, amount in lines.items())
    return _open(actor, user, built, (WRITE_OFF, f"Write off {words}", reason))


def request_adoption(
    *, actor: Actor, user: User, case_id: UUID, bot_id: UUID, reason: str
) -> ChangeRequest:
    """Open the request that a bot takes over the order or position of a case.

    :raises CaseNotFound, CaseClosed, NotThisWay: this case cannot be adopted.
    :raises NotFound, Conflict: no such bot on this account.
    :raises RequestOpen: another request for this case is open.
    """
    built = adopt_built(case_id, bot_id)
    terms = built.content["order"]
    words = f"{terms['side']} {terms['amount']} {terms['symbol']}"
    title = f"{built.content['bot']} adopts {words}"
    return _open(actor, user, built, (ADOPT, title, reason))


def _open(actor: Actor, user: User, built: Built, told: tuple[str, str, str]) -> ChangeRequest:
    kind, title, reason = told
    with transaction.atomic():
        case = lock_case(case_id=built.content["case_id"])
        proposal = Proposal(
            kind=kind,
            subject=("case", str(case.pk), f"{case.kind} {case.subject}"),
            title=title,
            content=built.content,
            before=built.before,
            reason=reason,
            real_money=_is_live(case),
        )
        request = open_request(actor=actor, user=user, proposal=proposal)
        Case.objects.filter(pk=case.pk).update(change_request_id=request.pk)
        tell(case=case, actor=actor, verb="propose", text=f"{request.reference} {title}")
    return request


def _is_live(case: Case) -> bool:
    return case.account.environment == "live"
