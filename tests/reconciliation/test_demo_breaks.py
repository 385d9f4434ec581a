"""`manage.py demo break` against the exchange we run, over HTTP: done there, found here, ended."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager, nullcontext
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from apps.core.actor import Actor
from apps.core.clock import from_ms
from apps.demo.domain.breaks import BREAKS
from apps.marketdata.actions.sync_instruments import sync_instruments
from apps.marketdata.models import Instrument, MarketClock
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.send_orders import send_orders
from apps.orders.actions.store_facts import store_facts
from apps.orders.models import Order
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.models import Position, VenueSetting
from apps.reconciliation.actions import reconcile_balances, reconcile_orders, reconcile_positions
from apps.reconciliation.actions.resolve_case import resolve_case
from apps.reconciliation.domain.causes import CAUSES
from apps.reconciliation.models import CASE_KINDS, Case
from apps.risk.actions.permit import close_permits
from apps.risk.models import Restriction
from apps.trading.actions.protect_positions import protect_positions
from apps.trading.feed.catch_up import catch_up_fills
from apps.venues import gateways
from apps.venues.actions.write_keys import write_keys
from apps.venues.domain.reports import FillReport, OrderReport
from apps.venues.gateways.exchanges import forget_markets
from apps.venues.gateways.loop import call, loop
from apps.venues.models import VenueAccount
from apps.venues.queries import credentials
from tests.factories import make_account, make_bot, make_draft, make_quote
from tests.factories.ledger import open_ledger
from tests.fixtures.perpetuals import futures_account, write_recordings
from tests.fixtures.simulator import HOUR_MS, START_MS, simulators, write_candles

__all__ = ["simulators"]
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "simulator"])
ACTOR = Actor.task("t")


@pytest.fixture(scope="module")
def simulator(simulators, tmp_path_factory):
    """One exchange that plays a spot pair and its perpetual."""
    running = simulators()
    data = write_recordings(tmp_path_factory.mktemp("both"))
    write_candles(data / "candles" / "binance", hours=72)
    running.load(data, instruments=["BTC/USDT", "BTC/USDT:USDT"], **{"from": START_MS})
    return running


@pytest.fixture
def opened(simulator, settings, redis_server, monkeypatch):
    """A function that makes the desk's account of one that the exchange has opened."""
    settings.SIMULATOR_URL = simulator.url
    forget_markets()
    for module in (reconcile_orders, reconcile_balances, reconcile_positions):
        monkeypatch.setattr(module, "SECOND_LOOK_SECONDS", 0)
    MarketClock.objects.create(now=from_ms(START_MS))
    used = []

    def act(keys, **values):
        account = make_account(**values)
        write_keys(
            actor=ACTOR, account_id=account.id, api_key=keys["api_key"], api_secret=keys["secret"]
        )
        used.append(gateways.gateway(credentials(account_id=account.id)))
        sync_instruments(account_id=account.id)
        open_ledger(account_id=account.id, balances=call(used[-1].balances(), timeout=10))
        return account

    yield act
    for gateway in used:
        call(gateway.close(), timeout=10)
    gateways._GATEWAYS.clear()
    close_permits()


@pytest.fixture
def account(simulator, opened, request):
    name = f"hand-{request.node.name[5:25].strip('_').replace('_', '-')}"
    return opened(simulator.account(name), slug=name)


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
        call_command("demo", "break", kind, account=account.slug, symbol="BTC/USDT")
        assert f"a case of kind {BREAKS[kind].opens}" in capsys.readouterr().out
        compare(account)
        assert BREAKS[kind].opens in open_kinds(), kind
    assert Restriction.objects.filter(code="FOREIGN_ACTIVITY", lifted_at=None).exists()
    fill = Case.objects.get(kind="foreign_fill")
    assert fill.venue["fills"][0]["fee_asset"]
    call_command("demo", "break", "withdrawal", account=account.slug)
    Case.objects.filter(kind="foreign_fill").update(state="resolved")
    compare(account)
    assert Case.objects.get(kind="balance", subject="USDT").venue["amount"] != "100000"


def test_a_break_happens_where_its_market_is(account):
    perpetual = make_account(slug="perps", venue="binanceusdm", environment="simulated")
    VenueAccount.objects.filter(id=perpetual.id).update(api_key_sealed="x")
    with pytest.raises(CommandError, match="BREAK_ELSEWHERE"):
        call_command("demo", "break", "deposit", account="perps")
    with pytest.raises(CommandError, match="BREAK_ELSEWHERE"):
        call_command("demo", "break", "liquidation", account=account.slug)


def test_a_lost_fill_and_a_lost_stop_heal_by_themselves(simulator, account, capsys):
    instrument = Instrument.objects.get(symbol="BTC/USDT")
    make_quote(instrument, last=50_500)
    bot = make_bot(account=account, instruments=[instrument])
    place(bot, leg="in")
    protect(account)
    [stop] = Order.objects.filter(purpose="protect", status="open")
    place(bot, leg="low", type="limit", price=Decimal(50_000))
    compare(account)
    assert open_kinds() == set()

    call_command("demo", "break", "lost_stop", account=account.slug, symbol="BTC/USDT")
    compare(account)
    assert Order.objects.get(id=stop.id).status == "expired"
    protect(account)
    [again] = Order.objects.filter(purpose="protect", status="open")
    assert (again.amount, again.stop_price) == (stop.amount, stop.stop_price)

    call_command("demo", "break", "lost_fill", account=account.slug)
    assert "a case of kind missing_fill" in capsys.readouterr().out
    simulator.control("POST", "advance", {"to": START_MS + HOUR_MS})
    MarketClock.objects.update(now=from_ms(START_MS + HOUR_MS))
    low = Order.objects.get(type="limit")
    assert (low.status, low.filled) == ("open", 0)
    compare(account)
    low.refresh_from_db()
    assert (low.status, low.filled) == ("filled", Decimal("0.01"))
    # 0.01 twice, less a thousandth of each in fees
    assert Position.objects.get(bot=bot).amount == Decimal("0.01998")
    assert open_kinds() == set()


@pytest.mark.parametrize("heard", ["by_the_stream", "by_comparison", "by_catch_up"])
def test_a_liquidation_is_booked_told_and_closed_with_its_cause(simulator, opened, heard, capsys):
    account = opened(futures_account(simulator, heard), slug=heard, venue="binanceusdm")
    instrument = Instrument.objects.get(symbol="BTC/USDT:USDT")
    make_quote(instrument, last=50_000)
    VenueSetting.objects.create(
        account=account, instrument=instrument, leverage=1, margin_mode="cross",
        set_at=from_ms(START_MS),
    )  # fmt: skip
    bot = make_bot(account=account, instruments=[instrument])
    place(bot, leg="in", amount=Decimal("0.1"))
    protect(account)
    compare(account)
    assert open_kinds() == set()

    with private_stream(account) if heard == "by_the_stream" else nullcontext():
        call_command("demo", "break", "liquidation", account=account.slug)
    if heard == "by_catch_up":
        catch_up(account)
        assert Position.objects.get(bot=bot).amount == 0
    compare(account)
    assert open_kinds() == {"liquidation"}
    assert Restriction.objects.filter(lifted_at=None, state="reducing").exists()
    assert Position.objects.get(bot=bot).amount == 0
    assert Restriction.objects.filter(lifted_at=None, code="LIQUIDATED", state="halted").exists()
    assert not Restriction.objects.filter(code="FOREIGN_ACTIVITY").exists()
    forced = Order.objects.get(origin="venue")
    assert (forced.purpose, forced.side, forced.bot_id) == ("flatten", "sell", bot.id)
    case = Case.objects.get()
    resolve_case(actor=ACTOR, case_id=case.id, reason="a drill")
    compare(account)
    assert open_kinds() == set()


class _Facts:
    """What a catch-up brought, as the feed's intake stores it."""

    async def in_thread(self, function, *arguments):
        def work():
            try:
                return function(*arguments)
            finally:
                connection.close()

        return await asyncio.to_thread(work)

    def take_facts(self, account_id, source, rows):
        self.told = (
            [row for row in rows if isinstance(row, OrderReport)],
            [row for row in rows if isinstance(row, FillReport)],
        )


def catch_up(account):
    """Read what was missed, as the feed does when its stream stands again."""
    gateway, facts = gateways.gateway(credentials(account_id=account.id)), _Facts()
    reading = catch_up_fills(account.id, gateway, facts, symbols=["BTC/USDT:USDT"])
    assert asyncio.run_coroutine_threadsafe(reading, loop()).result(20)
    orders, fills = facts.told
    store_facts(account_id=account.id, source="poll", orders=orders, fills=fills)
    absorb(account_id=account.id)


@contextmanager
def private_stream(account):
    """Hear the account's own news as the feed does, until a fill has come."""
    gateway, heard = gateways.gateway(credentials(account_id=account.id)), []

    async def listen():
        async for news in gateway.watch_private():
            heard.extend(news)
            if any(isinstance(row, FillReport) for row in news):
                return

    future = asyncio.run_coroutine_threadsafe(listen(), loop())
    # the stream tells only what happens after it stands
    time.sleep(1)
    yield
    future.result(15)
    store_facts(
        account_id=account.id, source="stream",
        orders=[row for row in heard if isinstance(row, OrderReport)],
        fills=[row for row in heard if isinstance(row, FillReport)],
    )  # fmt: skip
    absorb(account_id=account.id)


def protect(account):
    protect_positions(account_id=account.id)
    send_orders(account_id=account.id)
    absorb(account_id=account.id)


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
