"""Clients of the API: one per role, by token or session."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.actions.create_person import NewPerson, create_person
from apps.accounts.actions.create_token import create_token
from apps.accounts.actions.sync_roles import sync_roles
from apps.accounts.models import User
from apps.core.actor import Actor

ACTOR = Actor.task("tests")


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """Make a person with roles."""
    sync_roles(actor=ACTOR)

    def make(*roles: str, username: str = "") -> User:
        name = username or f"{roles[0] if roles else 'nobody'}-{uuid.uuid4().hex[:6]}".replace(
            "_", "-"
        )
        return create_person(actor=ACTOR, person=NewPerson(username=name, roles=roles))

    return make


@pytest.fixture
def client_of(person: Callable[..., User]) -> Callable[..., APIClient]:
    """Make a client that sends a fresh idempotency key with each acting call."""

    def make(*roles: str, scopes: list[str] | None = None, user: User | None = None) -> APIClient:
        who = user or person(*roles)
        client = KeyedClient()
        if scopes is None:
            client.force_login(who, backend="apps.accounts.backends.RolesBackend")
        else:
            _, text = create_token(actor=ACTOR, user=who, name="test", scopes=scopes)
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
        client.who = who
        return client

    return make


class KeyedClient(APIClient):
    """`act` posts JSON with an idempotency key."""

    who: User

    def act(self, path: str, body: dict[str, Any] | None = None, *, key: str | None = None) -> Any:
        return self.post(
            path, body or {}, format="json", HTTP_IDEMPOTENCY_KEY=key or uuid.uuid4().hex
        )
