"""The Reconcile screen: cases by filter, how each account stands, one case with its story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.http import QueryDict

from apps.approvals.models import ChangeRequest
from apps.bots.models import Bot
from apps.core.clock import now
from apps.dashboard.domain.live import Live, version
from apps.orders.models import Order
from apps.reconciliation.actions.block_entries import FOREIGN
from apps.reconciliation.actions.settle_cases import HEALING
from apps.reconciliation.domain.adjustments import WRITES_OFF
from apps.reconciliation.domain.causes import ADOPTS
from apps.reconciliation.models import CASE_KINDS, Case, CaseEvent, Comparison
from apps.reconciliation.queries.adjustments import case_by_id
from apps.risk.models import Restriction
from apps.venues.models import VenueAccount

# name -> (words, condition): the saved views
SAVED: Final[dict[str, tuple[str, Q]]] = {
    "": ("Open", Q(state="open")),
    "critical": ("Critical", Q(state="open", severity="critical")),
    "mine": ("Mine", Q()),
    "foreign": ("Foreign", Q(kind__in=sorted(FOREIGN))),
    "healed": ("Healed", Q(state="healed")),
    "resolved": ("Resolved", Q(state="resolved")),
    "all": ("All", Q()),
}
# The longest age of a comparison of each kind before it counts as late, seconds.
LATE_SECONDS: Final = {"orders": 30, "positions": 90, "balances": 180, "history": 2 * 86_400}
VERSION_SQL: Final = """
SELECT (SELECT max(id) FROM reconciliation_caseevent),
       (SELECT count(*) FROM reconciliation_case WHERE state = 'open'),
       (SELECT count(*) FROM risk_restriction WHERE scope_kind = 'account' AND lifted_at IS NULL),
       (SELECT id FROM reconciliation_comparison ORDER BY id DESC LIMIT 1)
"""


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account: its last comparison of each kind, what restricts it, how many cases are open."""

    account: VenueAccount
    comparisons: list[tuple[str, Comparison | None, str]]
    restrictions: list[Restriction]
    cases: int

    @property
    def is_foreign(self) -> bool:
        """Whether somebody traded it by hand and nobody has lifted that yet."""
        return any(row.code == "FOREIGN_ACTIVITY" for row in self.restrictions)


@dataclass(frozen=True, slots=True)
class CasePage:
    """A case with its story, and what may be done about it."""

    case: Case
    events: list[CaseEvent]
    request: ChangeRequest | None
    order: Order | None
    acts: frozenset[str]


def cases(chosen: QueryDict, *, name: str) -> QuerySet[Case]:
    """Return the cases that fit the filters in the address, newest first; `name` is the reader's."""
    show = chosen.get("show", "")
    found = Case.objects.select_related("account").filter(SAVED.get(show, SAVED[""])[1])
    if show == "mine":
        found = found.filter(Q(owner=name) | Q(resolved_by=name))
    if account := chosen.get("account", "").strip():
        found = found.filter(account__slug=account)
    if (kind := chosen.get("kind", "")) in CASE_KINDS:
        found = found.filter(kind=kind)
    if (severity := chosen.get("severity", "")) in {"info", "warning", "critical"}:
        found = found.filter(severity=severity)
    if text := chosen.get("q", "").strip():
        found = found.filter(subject__icontains=text)
    return found.order_by("-opened_at", "-id")


def account_states() -> list[AccountState]:
    """Return how each account stands (four statements)."""
    newest = Comparison.objects.order_by("account_id", "kind", "-started_at").distinct(
        "account_id", "kind"
    )
    by_key = {(row.account_id, row.kind): row for row in newest}
    held: dict[str, list[Restriction]] = {}
    for row in Restriction.objects.filter(scope_kind="account", lifted_at=None):
        held.setdefault(row.scope_id, []).append(row)
    counts: dict[UUID, int] = {}
    for account_id in Case.objects.filter(state="open").values_list("account_id", flat=True):
        counts[account_id] = counts.get(account_id, 0) + 1
    return [
        AccountState(
            account,
            [_stand(kind, by_key.get((account.pk, kind))) for kind in LATE_SECONDS],
            held.get(str(account.pk), []),
            counts.get(account.pk, 0),
        )
        for account in VenueAccount.objects.filter(archived_at=None).order_by("slug")
    ]


def _stand(kind: str, row: Comparison | None) -> tuple[str, Comparison | None, str]:
    if row is None:
        return kind, None, "not run"
    if row.error:
        return kind, row, "unreadable"
    is_late = row.started_at < now() - timedelta(seconds=LATE_SECONDS[kind])
    return kind, row, "late" if is_late else "equal" if row.is_clean else "differs"


def read_case(case_id: UUID) -> CasePage:
    """Return one case's page.

    :raises NotFound: `CASE_NOT_FOUND`.
    """
    case = case_by_id(case_id)
    request = None
    if case.change_request_id is not None:
        request = ChangeRequest.objects.filter(pk=case.change_request_id).first()
    name = str(case.venue.get("client_order_id") or case.subject)
    order = Order.objects.filter(client_order_id=name).first()
    events = list(CaseEvent.objects.filter(case=case).order_by("id"))
    return CasePage(case, events, request, order, acts_of(case))


def acts_of(case: Case) -> frozenset[str]:
    """Return the verbs that this case allows now."""
    if case.state != "open":
        return frozenset({"comment"})
    found = {"comment", "take"}
    if case.kind not in HEALING - {"profit"}:
        found.add("resolve")
    if case.kind == "status":
        found.add("accept")
    if case.kind in WRITES_OFF:
        found.add("write-off")
    if case.kind in ADOPTS:
        found.add("adopt")
    return frozenset(found)


def bots_for(case: Case) -> list[Bot]:
    """Return the bots that could take over what the case is about."""
    rows = Bot.objects.filter(account_id=case.account_id, archived_at=None)
    return list(rows.exclude(config=None).order_by("slug"))


def read_reconcile_live() -> Live:
    """Return the version of cases, restrictions and comparisons (one statement)."""
    with connection.cursor() as cursor:
        cursor.execute(VERSION_SQL)
        return Live({}, {"reconcile": version(*cursor.fetchone())})


def fields_of(case: Case) -> list[tuple[str, Any, Any]]:
    """Return every plain value of the case: its name, in our books, at the venue."""
    names = [*case.book, *(name for name in case.venue if name not in case.book)]
    return [
        (name, case.book.get(name, ""), case.venue.get(name, ""))
        for name in names
        if name not in {"fills", "author"} and (case.book.get(name) or case.venue.get(name))
    ]
