"""`manage.py demo break` against the exchange we run, over HTTP: done there, found here, ended."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from apps.core.actor import Actor
from apps.core.clock import from_ms
from apps.demo.domain.breaks import BREAKS
from apps.marketdata.actions.sync_instruments import sync_instruments
from apps.marketdata.models import Instrument, MarketClock
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.send_orders import send_orders
from apps.orders.models import Order
from apps.portfolio.actions.absorb import absorb
from apps.reconciliation.actions import reconcile_balances, reconcile_orders, reconcile_positions
from apps.reconciliation.domain.causes import CAUSES
from apps.reconciliation.models import CASE_KINDS, Case
from apps.risk.actions.permit import close_permits
from apps.risk.models import Restriction
from apps.venues import gateways
from apps.venues.actions.write_keys import write_keys
from apps.venues.gateways.exchanges import forget_markets
from apps.venues.gateways.loop import call
from apps.venues.queries import credentials
from tests.factories import make_account, make_bot, make_draft, make_quote
from tests.factories.ledger import open_ledger
from tests.fixtures.simulator import START_MS, simulator, simulators

__all__ = ["simulator", "simulators"]
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "simulator"])


@pytest.fixture
def account(simulator, settings, redis_server, monkeypatch):
    settings.SIMULATOR_URL = simulator.url
    forget_markets()
    for module in (reconcile_orders, reconcile_balances, reconcile_positions):
        monkeypatch.setattr(module, "SECOND_LOOK_SECONDS", 0)
    MarketClock.objects.create(now=from_ms(START_MS))
    keys = simulator.account("hand")
    account = make_account(slug="hand")
    write_keys(
        actor=Actor.task("t"), account_id=account.id, api_key=keys["api_key"],
        api_secret=keys["secret"],
    )  # fmt: skip
    gateway = gateways.gateway(credentials(account_id=account.id))
    sync_instruments(account_id=account.id)
    open_ledger(account_id=account.id, balances=call(gateway.balances(), timeout=10))
    yield account
    call(gateway.close(), timeout=10)
    gateways._GATEWAYS.clear()
    close_permits()


def compare(account) -> None:
    for action in (
        reconcile_orders.reconcile_orders,
        reconcile_positions.reconcile_positions,
        reconcile_balances.reconcile_balances,
    ):
        done = action(account_id=account.id)
        assert not done.error


def open_kinds() -> set[str]:
    return set(Case.objects.filter(state="open").values_list("kind", flat=True))


def test_each_break_opens_its_case_and_some_end_by_themselves(account, capsys):
    instrument = Instrument.objects.get(symbol="BTC/USDT")
    make_quote(instrument, last=50_500)
    bot = make_bot(account=account, instruments=[instrument])
    place(bot, leg="in")
    place(
        bot,
        leg="s",
        amount=Decimal("0.009"),
        purpose="protect",
        side="sell",
        type="stop_market",
        stop_price=Decimal(40_000),
    )
    compare(account)
    assert set(Order.objects.values_list("status", "status_reason")) == {
        ("filled", ""),
        ("open", ""),
    }
    assert open_kinds() == set()
    for kind in ("foreign_order", "foreign_fill", "foreign_cancel", "deposit"):
        call_command("demo", "break", kind, account="hand", symbol="BTC/USDT")
        assert f"a case of kind {BREAKS[kind].opens}" in capsys.readouterr().out
        compare(account)
        assert BREAKS[kind].opens in open_kinds(), kind
    assert Restriction.objects.filter(code="FOREIGN_ACTIVITY", lifted_at=None).exists()
    fill = Case.objects.get(kind="foreign_fill")
    assert fill.venue["fills"][0]["fee_asset"]
    call_command("demo", "break", "withdrawal", account="hand")
    Case.objects.filter(kind="foreign_fill").update(state="resolved")
    compare(account)
    assert Case.objects.get(kind="balance", subject="USDT").venue["amount"] != "100000"


def place(bot, **values):
    values = {"amount": Decimal("0.01"), **values}
    with transaction.atomic():
        create_orders(drafts=[make_draft(bot, **values)])
    send_orders(account_id=bot.account_id)
    absorb(account_id=bot.account_id)


def test_only_simulated_accounts_are_broken():
    make_account(slug="real", environment="live", api_key_sealed="x")
    with pytest.raises(CommandError, match="ONLY_SIMULATED"):
        call_command("demo", "break", "deposit", account="real")
    with pytest.raises(CommandError):
        call_command("demo", "break")


def test_every_break_opens_a_kind_of_case_and_every_kind_has_a_cause():
    assert {done.opens for done in BREAKS.values()} <= set(CASE_KINDS) == set(CAUSES)
