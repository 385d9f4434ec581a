"""People of the governance tests; as fixtures known to every test (`pytest_plugins`)."""

from __future__ import annotations

import pytest

from apps.accounts.actions.create_person import NewPerson, create_person
from apps.accounts.models import User
from apps.accounts.queries import actor_of
from apps.approvals.actions.open_request import Proposal
from apps.core.actor import Actor

SYSTEM = Actor.task("tests")


def person(name: str, *roles: str, **more: object) -> User:
    """A person with roles; made once for each name."""
    found = User.objects.filter(username=name).first()
    return found or create_person(actor=SYSTEM, person=NewPerson(name, roles=roles, **more))


def actor(user: User) -> Actor:
    """The user as the actor of a request."""
    return actor_of(user=user, address="127.0.0.1")


def proposal(**values: object) -> Proposal:
    """A raised limit on paper, unless given."""
    defaults = {
        "kind": "limit.raise",
        "subject": ("limit", "desk::order_cost", "Cost of one order"),
        "title": "Raise cost of one order",
        "content": {"scope_kind": "desk", "scope_id": "", "name": "order_cost", "value": "200"},
        "before": {"value": "100"},
        "reason": "more room",
        "real_money": False,
    }
    return Proposal(**defaults | values)


@pytest.fixture
def sam(db: None) -> User:
    return person("sam", "strategist")


@pytest.fixture
def olga(db: None) -> User:
    return person("olga", "operator")


@pytest.fixture
def rita(db: None) -> User:
    return person("rita", "risk_manager")


@pytest.fixture
def ron(db: None) -> User:
    return person("ron", "risk_manager")
