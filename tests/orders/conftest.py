"""A bot on one instrument and the exchange it trades on."""

from __future__ import annotations

import pytest

from apps.risk.actions.permit import close_permits
from apps.venues import gateways
from tests.factories import make_bot, make_instrument
from tests.fakes.venue import FakeVenue


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> FakeVenue:
    fake = FakeVenue()
    monkeypatch.setattr(gateways, "gateway", lambda credentials: fake)
    return fake


@pytest.fixture
def bot(db):
    return make_bot(instruments=[make_instrument(symbol="BTC/USDT")])


@pytest.fixture(autouse=True)
def _permits_closed():
    yield
    close_permits()
