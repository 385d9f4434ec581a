"""People of every role with a browser-like client, and bots to look at."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from apps.accounts.actions.create_person import NewPerson, create_person
from apps.accounts.actions.sync_roles import sync_roles
from apps.accounts.models import User
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.clock import now
from apps.portfolio.models import Balance, DailyResult, Position
from apps.risk.models import Limit
from tests.factories import make_bot, make_fill, make_instrument, make_order, make_quote

ACTOR = Actor.task("tests")
BACKEND = "apps.accounts.backends.RolesBackend"


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """Make a person with roles."""
    sync_roles(actor=ACTOR)

    def make(*roles: str, name: str = "", **values) -> User:
        username = name or f"p{uuid.uuid4().hex[:8]}"
        return create_person(
            actor=ACTOR, person=NewPerson(username=username, roles=roles, **values)
        )

    return make


@pytest.fixture
def as_role(person: Callable[..., User]) -> Callable[..., Client]:
    """Make a signed-in client of a new person with these roles; `client.who` is the person."""

    def make(*roles: str) -> Client:
        client = Client()
        client.who = person(*roles)
        client.force_login(client.who, backend=BACKEND)
        return client

    return make


def trading_bot(symbol: str = "BTC/USDT", **values) -> Bot:
    """A running bot that holds 2 units bought at 100, marked at 110, with a stop and limits."""
    instrument = make_instrument(symbol=symbol)
    make_quote(instrument, last=110)
    bot = make_bot(instruments=[instrument], **values)
    Position.objects.create(
        account=bot.account, bot=bot, instrument=instrument, amount=Decimal(2), basis=Decimal(200),
        realised_profit=Decimal(7), fees=Decimal(1), opened_at=now(), updated_at=now(),
    )  # fmt: skip
    filled = make_order(
        bot, instrument, amount=Decimal(2), status="filled", filled=Decimal(2), cost=200
    )
    make_fill(filled, at=now() - timedelta(minutes=1))
    make_order(
        bot, instrument, purpose="protect", type="stop_market", side="sell", stop_price=95,
        amount=Decimal(2), status="open",
    )  # fmt: skip
    Limit.objects.create(
        scope_kind="bot",
        scope_id=str(bot.pk),
        name="gross_exposure",
        value=1000,
        set_at=now(),
        set_by="tests",
    )
    Balance.objects.create(
        account=bot.account, asset="USDT", amount=Decimal(5000), updated_at=now()
    )
    DailyResult.objects.create(
        bot=bot, day=now().date(), realised_profit=Decimal(4), fees=Decimal(1), fills=1
    )
    return bot
