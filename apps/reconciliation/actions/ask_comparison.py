"""Ask for a comparison now; the workers do it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

from apps.audit.actions.record import record
from apps.core.actor import Actor
from apps.core.errors import DeskError, InvalidInput
from apps.reconciliation.models import COMPARISON_KINDS
from apps.venues.models import VenueAccount

QUICK: Final = ("orders", "positions", "balances")
EXPIRES: Final = 60


class BrokerSilent(DeskError):
    """The message broker does not answer; the schedule compares all the same."""

    default_code = "BROKER_SILENT"
    status = 503


def ask_comparison(*, actor: Actor, account_id: UUID, kinds: tuple[str, ...] = QUICK) -> list[str]:
    """Queue one pass of each kind for the account and return the kinds, in the order asked.

    :raises InvalidInput: `KIND_UNKNOWN`, `ACCOUNT_UNKNOWN`.
    :raises BrokerSilent: nothing was queued.
    """
    for kind in kinds:
        if kind not in COMPARISON_KINDS:
            raise InvalidInput("KIND_UNKNOWN", field="kinds", value=kind)
    account = VenueAccount.objects.filter(id=account_id, archived_at=None).first()
    if account is None:
        raise InvalidInput("ACCOUNT_UNKNOWN", field="account")
    try:
        for kind in kinds:
            current_app.send_task(
                f"reconciliation.{kind}", [str(account_id)], queue="default", expires=EXPIRES
            )
    except (OperationalError, OSError) as error:
        raise BrokerSilent(message=str(error)[:200]) from error
    record(
        actor=actor, verb="reconcile.now", reason=", ".join(kinds),
        subject=("venue_account", str(account_id), account.slug),
    )  # fmt: skip
    return list(kinds)
