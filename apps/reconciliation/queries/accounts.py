"""Which accounts are compared, by what, and how each of them stands."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import connection

from apps.core.clock import now
from apps.reconciliation.domain.causes import Around
from apps.reconciliation.models import Case, Comparison
from apps.risk.models import Restriction
from apps.venues.domain.capabilities import CAPABILITIES
from apps.venues.models import VenueAccount

RESTORED: Final = "restore"
_HEARD: Final = """
SELECT received_at FROM orders_venuefact WHERE account_id = %s AND source = 'stream'
ORDER BY id DESC LIMIT 1
"""


def reconcilable_accounts() -> list[UUID]:
    """Return the accounts that can be asked: not archived, with a key."""
    rows = VenueAccount.objects.filter(archived_at=None).exclude(api_key_sealed="")
    return list(rows.values_list("id", flat=True))


def last_clean(*, account_id: UUID, kind: str) -> Comparison | None:
    """Return the latest comparison of `kind` that was clean."""
    rows = Comparison.objects.filter(account_id=account_id, kind=kind, is_clean=True)
    return rows.order_by("-started_at").first()


def trades(*, venue: str, kind: str) -> bool:
    """Return whether the venue has instruments of `kind` (spot or linear)."""
    return (venue, kind) in CAPABILITIES


def kinds_to_lift(*, account_id: UUID) -> frozenset[str]:
    """Return the kinds of comparison that must be clean before the account may enter again."""
    venue = VenueAccount.objects.values_list("venue", flat=True).get(id=account_id)
    more = {"positions"} if trades(venue=venue, kind="linear") else set()
    return frozenset({"orders", "balances"} | more)


def open_cases(*, account_id: UUID) -> list[Case]:
    """Return the account's open cases, oldest first."""
    return list(Case.objects.filter(account_id=account_id, state="open").order_by("opened_at"))


def read_around(*, account_id: UUID) -> Around:
    """Return what else is known of an account while a difference is explained."""
    at = now()
    environment = VenueAccount.objects.values_list("environment", flat=True).get(id=account_id)
    with connection.cursor() as cursor:
        cursor.execute(_HEARD, [account_id])
        heard = cursor.fetchone()
    restored = Restriction.objects.filter(
        scope_kind="account", scope_id=str(account_id), code="NOT_RECONCILED",
        reason__icontains=RESTORED, lifted_at=None,
    ).first()  # fmt: skip
    open_ones = Case.objects.filter(account_id=account_id, state="open")
    return Around(
        at=at,
        environment=environment,
        stream_age=int((at - heard[0]).total_seconds()) if heard else None,
        restored_age=int((at - restored.set_at).total_seconds()) if restored else None,
        open_keys=frozenset(open_ones.values_list("kind", "subject")),
    )
