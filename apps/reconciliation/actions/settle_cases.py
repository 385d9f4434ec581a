"""Open, keep and close cases by what a comparison found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.core.clock import now
from apps.reconciliation.domain.differences import Difference, Key
from apps.reconciliation.models import Case

# Kinds that are over when a comparison does not find them any more. The others tell of something
# that happened: a person resolves them.
HEALING: Final = frozenset({"unknown_order", "foreign_order", "status", "balance", "unprotected"})


def settle_cases(
    *, account_id: UUID, kinds: frozenset[str], differences: Sequence[Difference]
) -> int:
    """Open a case for each difference that has none, close those that healed; return the opened.

    `kinds` are the kinds that this comparison could have found. A difference that a person has
    resolved does not open again.
    """
    at = now()
    found = {difference.key: difference for difference in differences}
    with transaction.atomic():
        known = {
            (case.kind, case.subject): case
            for case in Case.objects.select_for_update().filter(
                account_id=account_id, kind__in=kinds, state="open"
            )
        }
        seen = [known[key].pk for key in known.keys() & found.keys()]
        Case.objects.filter(pk__in=seen).update(seen_at=at)
        over = [c.pk for key, c in known.items() if key not in found and c.kind in HEALING]
        Case.objects.filter(pk__in=over).update(
            state="healed", closed_at=at, resolution="no longer found by comparison"
        )
        new = [
            Case(
                account_id=account_id, kind=d.kind, subject=d.subject, severity=d.severity,
                book=d.book, venue=d.venue, opened_at=at, seen_at=at,
            )
            for key, d in found.items()
            if key not in known
        ]  # fmt: skip
        Case.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def resolved_keys(*, account_id: UUID, keys: Sequence[Key]) -> set[Key]:
    """Return those (kind, subject) that a person has resolved."""
    rows = Case.objects.filter(
        account_id=account_id, state="resolved", subject__in=[subject for _, subject in keys]
    )
    return set(rows.values_list("kind", "subject"))


def record_healed(*, account_id: UUID, differences: Sequence[Difference]) -> None:
    """Leave a closed case for what the venue proved and the books took over by themselves."""
    at = now()
    Case.objects.bulk_create(
        Case(
            account_id=account_id, kind=d.kind, subject=d.subject, severity=d.severity,
            book=d.book, venue=d.venue, state="healed", cause="not told in time",
            resolution="absorbed from the venue's own record", opened_at=at, seen_at=at,
            closed_at=at,
        )
        for d in differences
    )  # fmt: skip
