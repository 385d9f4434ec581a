"""Change requests as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from apps.accounts.models import User
from apps.approvals.models import ChangeRequest, ContentEdit, Vote
from apps.approvals.queries import request_by_number, requests, waiting_for, who_can_vote
from apps.golive.domain.gates import WORDS
from apps.golive.models import GateCheck
from apps.golive.queries import latest_checks

VIEWS = (("waiting", "Waiting for me"), ("mine", "Mine"), ("all", "All"))


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the stepper: `done`, `now`, `ended` or nothing yet."""

    words: str
    state: str


@dataclass(frozen=True, slots=True)
class Line:
    """One setting: now and after."""

    name: str
    now: str
    after: str

    @property
    def is_changed(self) -> bool:
        """Whether the request changes it."""
        return self.now != self.after


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A change request with all that a voter needs."""

    request: ChangeRequest
    steps: list[Step]
    lines: list[Line]
    gates: list[tuple[str, GateCheck]]
    votes: list[Vote]
    edits: list[ContentEdit]
    can_vote: list[User]
    approvals: int

    @property
    def changed(self) -> list[Line]:
        """The settings that would change."""
        return [line for line in self.lines if line.is_changed]

    @property
    def unchanged(self) -> list[Line]:
        """The settings that stay."""
        return [line for line in self.lines if not line.is_changed]


def listed(*, view: str, user: User) -> QuerySet[ChangeRequest]:
    """Return the requests of one of the three lists."""
    if view == "waiting":
        return waiting_for(user)
    return requests().filter(requested_by=user) if view == "mine" else requests()


def read_request(number: int) -> RequestPage:
    """Return one request's page.

    :raises RequestNotFound: when there is none.
    """
    request = request_by_number(number)
    votes = list(Vote.objects.filter(request=request).select_related("user").order_by("at"))
    approvals = sum(vote.decision == "approve" for vote in votes)
    return RequestPage(
        request=request,
        steps=steps_of(request, approvals),
        lines=lines_of(before=request.before, after=_as_settings(request.content)),
        gates=[(WORDS.get(check.gate, check.gate), check) for check in latest_checks(request)],
        votes=votes,
        edits=list(
            ContentEdit.objects.filter(request=request).select_related("user").order_by("at")
        ),
        can_vote=who_can_vote(request) if request.state == "in_review" else [],
        approvals=approvals,
    )


def steps_of(request: ChangeRequest, approvals: int) -> list[Step]:
    """Return the stepper: requested, reviewed, approved, applied, or where it ended."""
    review = f"Review ({approvals} of {request.approvals_needed})"
    order = ("in_review", "approved", "applying", "applied")
    if request.state not in order:
        return [
            Step("Requested", "done"),
            Step(review, "done"),
            Step(request.state.capitalize(), "ended"),
        ]
    reached = order.index(request.state)
    words = (review, "Approved", "Applying", "Applied")
    found = [Step("Requested", "done")]
    for index, text in enumerate(words):
        is_done = index < reached or request.state == "applied"
        found.append(Step(text, "done" if is_done else "now" if index == reached else ""))
    return found


def lines_of(*, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Line]:
    """Return every setting of both contents as one list of now and after."""
    old, new = flattened(before), flattened(after)
    names = [*new, *(name for name in old if name not in new)]
    # `before` names only what would change; whatever it leaves out stays as it is.
    return [
        Line(name, old.get(name, new.get(name, "") if old else ""), new.get(name, ""))
        for name in names
    ]


def flattened(content: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested JSON as dotted names and texts."""
    found: dict[str, str] = {}
    for name, value in content.items():
        key = f"{prefix}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            found |= flattened(value, f"{key} · ")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for index, item in enumerate(value, start=1):
                found |= _item(key, index, item)
        else:
            found[key] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return found


def _as_settings(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a content as settings: a climb's two ends are one setting, the stage."""
    ends = {"from_stage", "to_stage"}
    if not ends <= set(content):
        return dict(content)
    rest = {name: value for name, value in content.items() if name not in ends}
    return {"stage": content["to_stage"], **rest}


def _item(key: str, index: int, item: Mapping[str, Any]) -> dict[str, str]:
    """Return one entry of a list; a limit shows as one line instead of three."""
    if set(item) == {"scope", "name", "value"}:
        return {f"{key} · {item['scope']} {item['name']}".replace("_", " "): str(item["value"])}
    return flattened(item, f"{key} {index} · ")
