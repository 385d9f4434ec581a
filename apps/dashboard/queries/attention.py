"""What needs a person: the list above the fleet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.approvals.models import ChangeRequest
from apps.dashboard.domain.formats import percent
from apps.dashboard.domain.words import sentence
from apps.dashboard.queries.trading_states import Held
from apps.reconciliation.models import Case

SHOWN_MAX = 12
NEARLY = Decimal("0.9")


@dataclass(frozen=True, slots=True)
class Notice:
    """One line: how urgent, about what, in words, and where to go."""

    tone: str
    label: str
    subject: str
    text: str
    address: str
    verb: str


def notices(rows: Sequence[dict[str, Any]], restrictions: Sequence[Held]) -> list[Notice]:
    """Return what needs attention, worst first (two statements)."""
    found = [*_restricted(restrictions), *_bots(rows), *_cases(), *_requests()]
    order = {"bad": 0, "warn": 1, "info": 2}
    return sorted(found, key=lambda notice: order[notice.tone])[:SHOWN_MAX]


def _restricted(restrictions: Sequence[Held]) -> list[Notice]:
    return [
        Notice(
            "bad" if item.state == "halted" else "warn",
            item.state,
            "The desk" if item.scope_kind == "desk" else f"{item.scope_kind.capitalize()}",
            f"is {item.state} by {item.set_by}: {item.reason or sentence(item.code)}",
            "/risk/", "Open",
        )
        for item in restrictions
        if item.scope_kind in {"desk", "stage", "venue", "account"}
    ]  # fmt: skip


def _bots(rows: Sequence[dict[str, Any]]) -> list[Notice]:
    found = []
    for row in rows:
        address = f"/bots/{row['slug']}/"
        if row["state"] == "failed":
            words = f"failed: {row['state_reason'] or 'see its last decisions'}"
            found.append(Notice("bad", "critical", row["slug"], words, address, "Open"))
        if row["unknown"]:
            words = f"has {row['unknown']} order(s) whose fate the venue has not told yet"
            found.append(
                Notice(
                    "bad",
                    "critical",
                    row["slug"],
                    words,
                    f"/orders/?show=unknown&bot={row['slug']}",
                    "Orders",
                )
            )
        limit = row["limits"].get("gross_exposure")
        if limit and row["money"].exposure / limit >= NEARLY:
            words = f"used {percent(row['money'].exposure / limit)} of its exposure limit"
            found.append(Notice("warn", "warning", row["slug"], words, address, "Open"))
    return found


def _cases() -> list[Notice]:
    cases = Case.objects.filter(state="open").order_by("-opened_at")[:SHOWN_MAX]
    return [
        Notice(
            "bad" if case["severity"] == "critical" else "warn",
            case["severity"], case["account__slug"],
            f"differs from the venue: {case['kind'].replace('_', ' ')} {case['subject']}",
            f"/reconcile/cases/{case['id']}/", "Open",
        )
        for case in cases.values("id", "kind", "severity", "subject", "account__slug")
    ]  # fmt: skip


def _requests() -> list[Notice]:
    waiting = ChangeRequest.objects.filter(state__in=("in_review", "approved"))[:5]
    return [
        Notice(
            "info",
            "approval",
            f"CR-{row['number']:04d}",
            row["title"],
            f"/approvals/{row['number']}/",
            "Review",
        )
        for row in waiting.values("number", "title")
    ]
