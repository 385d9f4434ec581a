"""Open, keep and close cases by what a comparison found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.core.clock import now
from apps.reconciliation.domain.causes import Around, explain
from apps.reconciliation.domain.differences import Difference, Key
from apps.reconciliation.models import Case, CaseEvent
from apps.reconciliation.queries.accounts import read_around

# Kinds that are over when a comparison does not find them any more. The others tell of something
# that happened: a person resolves them.
HEALING: Final = frozenset(
    {
        "unknown_order", "foreign_order", "status", "balance", "unprotected", "position",
        "foreign_position", "profit", "funding",
    }
)  # fmt: skip
RECONCILER: Final = "reconciliation"


def settle_cases(
    *,
    account_id: UUID,
    kinds: frozenset[str],
    differences: Sequence[Difference],
    is_judged: Callable[[str], bool] = bool,
) -> int:
    """Open a case for each difference that has none, close those that healed; return the opened.

    `kinds` are the kinds that this comparison could have found, `is_judged` tells of a subject
    whether it was looked at. A case that is found again follows what is seen now.
    """
    at = now()
    found = {difference.key: difference for difference in differences}
    around = read_around(account_id=account_id) if found else Around(at=at)
    with transaction.atomic():
        known = {
            (case.kind, case.subject): case
            for case in Case.objects.select_for_update().filter(
                account_id=account_id, kind__in=kinds, state="open"
            )
        }
        for key in known.keys() & found.keys():
            _see_again(known[key], found[key], around)
        over = [
            case
            for key, case in known.items()
            if key not in found and case.kind in HEALING and is_judged(case.subject)
        ]
        _heal(over, at)
        new = [
            _case(account_id, d, around, opened_at=at, state="open")
            for key, d in found.items()
            if key not in known
        ]
        Case.objects.bulk_create(new, ignore_conflicts=True)
        _tell(Case.objects.filter(pk__in=[case.pk for case in new]), "found", at)
    return len(new)


def resolved_keys(*, account_id: UUID, keys: Sequence[Key]) -> set[Key]:
    """Return those (kind, subject) that a person has resolved and that cannot happen anew."""
    rows = Case.objects.filter(
        account_id=account_id, state="resolved", subject__in=[subject for _, subject in keys]
    )
    return set(rows.exclude(kind__in=HEALING - {"profit"}).values_list("kind", "subject"))


def record_healed(*, account_id: UUID, differences: Sequence[Difference]) -> None:
    """Leave a closed case for what the venue proved and the books took over by themselves."""
    if not differences:
        return
    at, around = now(), read_around(account_id=account_id)
    words = "absorbed from the venue's own record"
    cases = [
        _case(
            account_id, d, around, opened_at=at, state="healed", resolution=words, closed_at=at
        )
        for d in differences
    ]  # fmt: skip
    with transaction.atomic():
        Case.objects.bulk_create(cases)
        _tell(cases, "healed", at, words)


def _case(account_id: UUID, found: Difference, around: Around, **values: Any) -> Case:
    told = explain(found, around)
    return Case(
        account_id=account_id, kind=found.kind, subject=found.subject[:100],
        severity=found.severity, book=found.book, venue=found.venue, seen_at=values["opened_at"],
        cause=told.cause, evidence=told.evidence, proposed_fix=told.fix, **values,
    )  # fmt: skip


def _see_again(case: Case, found: Difference, around: Around) -> None:
    case.seen_at = around.at
    changed = ["seen_at"]
    if (case.book, case.venue) != (found.book, found.venue):
        told = explain(found, around)
        case.book, case.venue, case.proposed_fix = found.book, found.venue, told.fix
        case.cause, case.evidence = told.cause, [*case.evidence, *told.evidence][-20:]
        changed += ["book", "venue", "proposed_fix", "cause", "evidence"]
    case.save(update_fields=changed)


def _heal(cases: Sequence[Case], at: datetime) -> None:
    words = "no longer found by comparison"
    Case.objects.filter(pk__in=[case.pk for case in cases]).update(
        state="healed", closed_at=at, resolution=words
    )
    _tell(cases, "healed", at, words)


def _tell(cases: Any, verb: str, at: datetime, text: str = "") -> None:
    CaseEvent.objects.bulk_create(
        CaseEvent(case=case, at=at, actor=RECONCILER, verb=verb, text=text) for case in cases
    )
