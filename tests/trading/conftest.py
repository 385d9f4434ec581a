"""The desk of the cycle's tests, and an exchange in memory."""

from __future__ import annotations

import pytest

from apps.orders.actions import send_orders as sending
from apps.risk.actions.permit import close_permits
from apps.venues import gateways
from tests.fakes.venue import FakeVenue
from tests.trading.desk import Desk


@pytest.fixture
def desk(db) -> Desk:
    return Desk()


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> FakeVenue:
    fake = FakeVenue()
    monkeypatch.setattr(gateways, "gateway", lambda credentials: fake)
    monkeypatch.setattr(sending, "PAUSE_SECONDS", 0)
    yield fake
    close_permits()
