"""Make this desk a rehearsal desk: every stage on simulated accounts, and none of it counts elsewhere."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from apps.accounts.models import Desk
from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.errors import Conflict

# The application's role may not write this row; only the database's owner may.
OWNER = "owner"


class RehearsalRefused(Conflict):
    """Beside a real account no desk rehearses, and a desk that rehearsed stays one."""

    default_code = "REHEARSAL_REFUSED"


def make_rehearsal(*, actor: Actor, is_on: bool = True, reason: str = "") -> bool:
    """Set whether this desk rehearses; return whether that changed anything.

    :raises RehearsalRefused: `REHEARSAL_BESIDE_REAL_ACCOUNTS` or `REHEARSAL_EVIDENCE_STAYS`.
    """
    try:
        with (
            transaction.atomic(using=OWNER),
            acting(actor=actor, verb="desk.rehearsal", reason=reason, using=OWNER),
        ):
            rows = Desk.objects.using(OWNER).filter(id=1).exclude(rehearsal=is_on)
            return bool(rows.update(rehearsal=is_on))
    except IntegrityError as error:
        code = str(error).split(maxsplit=1)[0]
        raise RehearsalRefused(code if code.startswith("REHEARSAL_") else None) from error
