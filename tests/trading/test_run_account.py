"""A nudge does everything that is due: decide, send, absorb, protect; until the account is quiet."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest
from django.db import OperationalError, connection

from apps.bots.actions.stop import stop
from apps.bots.models import Bot, BotTarget
from apps.orders.actions.store_facts import store_facts
from apps.orders.models import Order
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.models import Position
from apps.trading.actions.prepare_partitions import prepare_partitions
from apps.trading.actions.run_account import account_lock, run_account
from apps.trading.queries.due import busy_accounts, due_batches
from apps.trading.queries.quiescent import quiescent
from tests.factories import make_quote
from tests.fakes.venue import FakeVenue
from tests.trading.desk import ANNA, Desk

pytestmark = pytest.mark.django_db(transaction=True)
UP = [100.0, 100, 100, 100, 110]


@pytest.fixture
def entered(desk: Desk, venue: FakeVenue) -> Bot:
    """A bot that has bought 9.0909 at 110 and stands protected."""
    venue.price = Decimal(110)
    bot = desk.bot()
    desk.history(UP)
    assert run_account(account_id=desk.account.id)
    return bot


def orders() -> list[tuple[str, str, str, str]]:
    return list(Order.objects.order_by("id").values_list("purpose", "type", "side", "status"))


def test_an_entry_is_filled_booked_and_protected_in_one_run(entered: Bot, desk: Desk) -> None:
    assert orders() == [
        ("entry", "market", "buy", "filled"),
        ("protect", "stop_market", "sell", "open"),
    ]
    position = Position.objects.get()
    assert position.amount == Decimal("9.0909")
    stop_order = Order.objects.get(purpose="protect")
    assert (stop_order.amount, stop_order.stop_price) == (Decimal("9.0909"), Decimal("104.50"))
    assert quiescent(account_ids=[desk.account.id], at=desk.at) == []
    assert busy_accounts() == set()
    assert due_batches(at=desk.at) == []


def test_a_second_nudge_changes_nothing(entered: Bot, desk: Desk, venue: FakeVenue) -> None:
    calls = list(venue.calls)
    run_account(account_id=desk.account.id)
    assert (len(orders()), venue.calls) == (2, calls)


def test_an_exit_cancels_the_stop_first_and_ends_flat(
    entered: Bot, desk: Desk, venue: FakeVenue
) -> None:
    for close in (108.0, 100.0):
        venue.price = Decimal(str(close))
        desk.step(close)
        run_account(account_id=desk.account.id)
    assert orders() == [
        ("entry", "market", "buy", "filled"), ("protect", "stop_market", "sell", "canceled"),
        ("reduce", "market", "sell", "filled"),
    ]  # fmt: skip
    verbs = [verb for verb, _ in venue.calls if verb != "ask"]
    assert verbs == ["create", "create", "cancel", "create"]
    assert Position.objects.get().amount == 0
    assert quiescent(account_ids=[desk.account.id], at=desk.at) == []


def test_a_stop_that_fills_keeps_the_bot_away_until_the_opinion_changes(
    entered: Bot, desk: Desk, venue: FakeVenue
) -> None:
    venue.price = Decimal("104.5")
    told = venue.fill(Order.objects.get(purpose="protect").client_order_id)
    store_facts(account_id=desk.account.id, source="stream", orders=[told])
    desk.step(111.0)
    run_account(account_id=desk.account.id)
    assert [status for *_, status in orders()] == ["filled", "filled"]
    target = BotTarget.objects.get()
    assert (target.exposure, target.target_amount, target.stopped_out) == (1.0, 0, True)
    assert desk.decision(entered).wanted["BTC/USDT"]["action"] == "NONE"


def test_where_the_price_is_below_the_stop_the_position_is_sold(
    desk: Desk, venue: FakeVenue
) -> None:
    venue.price = Decimal(110)
    desk.bot()
    desk.history(UP)
    make_quote(desk.instruments[0], last=Decimal(90), at=desk.at)
    run_account(account_id=desk.account.id)
    assert orders() == [
        ("entry", "market", "buy", "filled"),
        ("reduce", "market", "sell", "filled"),
    ]
    assert BotTarget.objects.get().stopped_out


def test_a_partial_exit_renews_the_stop(entered: Bot, desk: Desk, venue: FakeVenue) -> None:
    told = venue.fill(Order.objects.get(purpose="protect").client_order_id, Decimal(4))
    store_facts(account_id=desk.account.id, source="stream", orders=[told])
    run_account(account_id=desk.account.id)
    # what remains of the stop is what remains of the position
    assert [o[0] for o in orders()] == ["entry", "protect"]
    assert Position.objects.get().amount == Decimal("5.0909")
    assert quiescent(account_ids=[desk.account.id], at=desk.at) == []


def test_a_lost_answer_is_settled_by_asking(desk: Desk, venue: FakeVenue) -> None:
    venue.price, venue.fault = Decimal(110), "silent"
    desk.bot()
    desk.history(UP)
    run_account(account_id=desk.account.id)
    venue.fault = ""
    for _ in range(3):
        run_account(account_id=desk.account.id)
    assert orders()[0] == ("entry", "market", "buy", "filled")
    assert [verb for verb, _ in venue.calls].count("create") == 2


def test_a_venue_that_is_gone_keeps_nothing_else_from_being_done(
    desk: Desk, venue: FakeVenue
) -> None:
    venue.fault = "unreachable"
    bot = desk.bot()
    desk.history(UP)
    run_account(account_id=desk.account.id)
    assert desk.decision(bot).status == "done"
    assert Position.objects.count() == 0
    assert quiescent(account_ids=[desk.account.id], at=desk.at)


def test_exits_only_stops_the_bot_once_it_is_flat(
    entered: Bot, desk: Desk, venue: FakeVenue
) -> None:
    stop(actor=ANNA, bot_id=entered.id, mode="exits_only", reason="enough")
    run_account(account_id=desk.account.id)
    entered.refresh_from_db()
    assert entered.state == "paused"
    for close in (108.0, 100.0):
        desk.step(close)
        run_account(account_id=desk.account.id)
    entered.refresh_from_db()
    assert (entered.state, entered.state_reason) == ("stopped", "enough")


def test_the_account_is_worked_on_by_one_process(
    desk: Desk, superuser_connection: psycopg.Connection
) -> None:
    desk.bot()
    desk.history(UP)
    key = "hashtextextended('trading.account:' || %s, 0)"
    superuser_connection.execute(f"SELECT pg_advisory_lock({key})", [str(desk.account.id)])
    assert run_account(account_id=desk.account.id) is False
    assert not Order.objects.exists()
    superuser_connection.execute(f"SELECT pg_advisory_unlock({key})", [str(desk.account.id)])
    with account_lock(account_id=desk.account.id) as is_ours:
        assert is_ours


def test_an_unfinished_desk_says_what_it_waits_for(desk: Desk) -> None:
    desk.bot()
    desk.history(UP)
    assert quiescent(account_ids=[desk.account.id], at=desk.at) == ["cycle 1h 2023-05-02 12:00"]
    desk.cycle()
    assert quiescent(account_ids=[desk.account.id], at=desk.at) == ["order created 1"]
    assert busy_accounts() == {desk.account.id}


def test_absorbing_alone_places_nothing(entered: Bot, desk: Desk) -> None:
    absorb(account_id=desk.account.id)
    assert len(orders()) == 2


def test_decision_tables_are_made_ahead(desk: Desk) -> None:
    assert prepare_partitions() == 4
    assert prepare_partitions() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('bots_cycle_20230502') IS NOT NULL")
        assert cursor.fetchone()[0]


def test_decision_tables_wait_for_nobody_as_every_cycle_would_wait_behind_them(
    desk: Desk, superuser_connection: psycopg.Connection
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bots_cycle_20230505")
    with superuser_connection.transaction():
        superuser_connection.execute("LOCK TABLE bots_cycle IN ACCESS SHARE MODE")
        with pytest.raises(OperationalError, match="lock timeout"):
            prepare_partitions()
    assert prepare_partitions() > 0
