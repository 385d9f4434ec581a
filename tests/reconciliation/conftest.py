"""A bot on one instrument and the exchange it trades on, which others may use too."""

from __future__ import annotations

import pytest

from apps.reconciliation.actions import reconcile_balances, reconcile_orders
from apps.risk.actions.permit import close_permits
from apps.venues import gateways
from tests.factories import make_account, make_bot, make_instrument
from tests.fakes.whole_venue import WholeVenue


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> WholeVenue:
    fake = WholeVenue(USDT="10000")
    monkeypatch.setattr(gateways, "gateway", lambda credentials: fake)
    monkeypatch.setattr(reconcile_orders, "SECOND_LOOK_SECONDS", 0)
    monkeypatch.setattr(reconcile_balances, "SECOND_LOOK_SECONDS", 0)
    return fake


@pytest.fixture
def bot(db):
    account = make_account()
    instrument = make_instrument(
        symbol="BTC/USDT", venue=account.venue, environment=account.environment
    )
    return make_bot(account=account, instruments=[instrument])


@pytest.fixture(autouse=True)
def _permits_closed():
    yield
    close_permits()
