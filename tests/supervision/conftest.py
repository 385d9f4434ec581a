"""Two bots of one account and the exchange they trade on, which others may use too."""

from __future__ import annotations

import pytest
from django.db import transaction

from apps.core.actor import Actor
from apps.orders.actions import send_orders as sending
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.send_orders import send_orders
from apps.orders.models import Order
from apps.portfolio.actions.absorb import absorb
from apps.risk.actions.permit import close_permits
from apps.venues import gateways
from apps.venues.actions.write_keys import write_keys
from tests.factories import make_account, make_bot, make_draft, make_instrument
from tests.fakes.whole_venue import WholeVenue


def with_keys(account):
    write_keys(actor=Actor.task("test"), account_id=account.id, api_key="key", api_secret="secret")
    return account


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> WholeVenue:
    fake = WholeVenue(USDT="10000")
    monkeypatch.setattr(gateways, "gateway", lambda credentials: fake)
    monkeypatch.setattr(sending, "PAUSE_SECONDS", 0)
    return fake


@pytest.fixture
def account(db):
    return with_keys(make_account())


@pytest.fixture
def instrument(account):
    return make_instrument(symbol="BTC/USDT", venue=account.venue, environment=account.environment)


@pytest.fixture
def bot(account, instrument):
    return make_bot(account=account, instruments=[instrument])


@pytest.fixture
def sibling(account, instrument):
    return make_bot(account=account, instruments=[instrument])


@pytest.fixture
def record():
    """Record one order without sending it."""

    def act(bot, **values) -> Order:
        with transaction.atomic():
            [order_id] = create_orders(drafts=[make_draft(bot, **values)])
        return Order.objects.get(id=order_id)

    return act


@pytest.fixture
def trade(record, venue):
    """Record, send and absorb one order through the real path."""

    def act(bot, **values) -> Order:
        order = record(bot, **values)
        send_orders(account_id=bot.account_id)
        absorb(account_id=bot.account_id)
        return Order.objects.get(id=order.id)

    return act


@pytest.fixture
def trade_http(record):
    """As `trade`, through the real gateway."""

    def act(bot, **values) -> Order:
        order = record(bot, **values)
        send_orders(account_id=bot.account_id)
        absorb(account_id=bot.account_id)
        return Order.objects.get(id=order.id)

    return act


@pytest.fixture(autouse=True)
def _permits_closed():
    yield
    close_permits()
