"""Write a difference off: post what the venue has more or less, under an approved request."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from apps.approvals.models import ChangeRequest
from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.bell import ring_after_commit
from apps.core.clock import now
from apps.marketdata.clock import market_now
from apps.portfolio.actions.absorb_lock import absorb_lock
from apps.portfolio.actions.post_entries import Posting, post_entries
from apps.portfolio.domain.ledger import lines_of_transfer
from apps.reconciliation.actions.lock_case import end_case
from apps.reconciliation.actions.prove import prove
from apps.reconciliation.domain.adjustments import WRITE_OFF
from apps.reconciliation.models import Case


def write_off(*, actor: Actor, proof: ChangeRequest | None) -> Case:
    """Post one adjustment entry with the lines that `proof` names, and resolve its case.

    No bot's position or profit changes. PostgreSQL asks for the same proof once more.

    :raises RequiresChangeRequest, ProofMismatch, CaseClosed: see `prove`.
    """
    with transaction.atomic():
        case, stored = prove(proof=proof, kind=WRITE_OFF)
        absorb_lock(account_id=case.account_id)
        reason = f"{stored.reference}: {stored.reason}"
        lines = [
            line
            for asset, amount in sorted(stored.content["lines"].items())
            for line in lines_of_transfer(asset=asset, amount=Decimal(amount))
        ]
        posting = Posting("adjustment", market_now(), lines, note=reason[:200])
        request = str(stored.pk)
        with acting(actor=actor, verb="case.write_off", reason=reason, change_request=request):
            post_entries(account_id=case.account_id, postings=[posting], at=now())
            case.change_request_id = stored.pk
            end_case(case=case, actor=actor, verb="write_off", resolution=reason)
    ring_after_commit("reconcile", "positions", "fleet")
    return case
