"""Vouch for closed round trips whose fills the venue has shown, and whose profit follows from them."""

from __future__ import annotations

from collections.abc import Sequence

from apps.portfolio.domain.position import Execution, State, apply_fills
from apps.portfolio.models import RoundTrip
from apps.portfolio.queries import executions
from apps.reconciliation.actions.settle_cases import resolved_keys, settle_cases
from apps.reconciliation.domain.differences import Difference
from apps.reconciliation.domain.trips import verify_trip
from apps.reconciliation.models import Comparison
from apps.reconciliation.queries.trips import ClosedTrip, closed_trips, fills_of_trips


def verify_trips(*, comparison: Comparison) -> int:
    """Mark the trips that a clean pass over orders covers and that verify; return how many.

    A clean pass follows the last clean one without a gap, so all fills up to it were equal at the
    venue. A trip whose profit or fees do not follow from them becomes a case and stays unmarked.
    """
    trips = closed_trips(account_id=comparison.account_id, until=comparison.market_at)
    fills = fills_of_trips(trips=trips)
    verified, differences = [], []
    for found in trips:
        difference = _check(found, fills[found.id])
        if difference is None:
            verified.append(found.id)
        else:
            differences.append(difference)
    RoundTrip.objects.filter(id__in=verified).update(reconciled_at=comparison.finished_at)
    if trips:
        keys = [difference.key for difference in differences]
        known = resolved_keys(account_id=comparison.account_id, keys=keys) if keys else set()
        differences = [d for d in differences if d.key not in known]
        comparison.opened += settle_cases(
            account_id=comparison.account_id, kinds=frozenset({"profit"}),
            differences=differences, is_judged=lambda subject: not subject.endswith(" position"),
        )  # fmt: skip
    return len(verified)


def _check(found: ClosedTrip, fills: Sequence[Execution]) -> Difference | None:
    subject = f"{found.bot} {found.symbol}"
    difference = verify_trip(trip=found.trip, fills=fills, unit=found.unit, subject=subject)
    if difference is None:
        return None
    # fills of a neighbouring trip may share its first or last moment: the whole story tells
    pair = (found.bot_id, found.instrument_id)
    story = executions(pairs=[pair]).get(pair, [])
    whole = apply_fills(state=State(), fills=story, unit=found.unit)
    return None if found.trip in whole.trips else difference
