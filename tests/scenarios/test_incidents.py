"""Incidents that other engines had with orders in transit: each ends here as it should have."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

import pytest

from apps.orders.models import Fill, Order
from apps.orders.queries import unfinished_orders
from tests.simulation.checks import broken_invariants, differences
from tests.simulation.conftest import simulated
from tests.simulation.faults import Sequence
from tests.simulation.rows import STOP_ONLY
from tests.simulation.world import World

__all__ = ["simulated"]
BTC = "BTC/USDT"


@pytest.fixture
def start(simulated):
    """Return a function that opens an account whose calls meet these faults, in this order."""

    def begin(*faults: str, bots: int = 1) -> World:
        return simulated.world("incident", Sequence(*faults), protections=(STOP_ONLY,) * bots)

    return begin


def buy(world: World, bot: int = 0, **terms) -> str:
    instrument = world.rows.instruments[BTC]
    return world.order(
        world.rows.bots[bot], instrument, **{"type": "market", "amount": Decimal(1)} | terms
    )


def sell(world: World, amount: str, bot: int = 0, **terms) -> str:
    terms = {"side": "sell", "purpose": "reduce", "amount": Decimal(amount)} | terms
    return buy(world, bot, **terms)


def rounds(world: World, count: int = 12, *, hears: bool = True) -> None:
    for _ in range(count):
        world.clock.sleep(1)
        world.turn()
        if hears:
            world.hear()


def at_venue(world: World) -> list[tuple[str, str, Decimal]]:
    return [(o.side, o.status, o.filled) for o in world.exchange.orders()]


def assert_all_is_told(world: World) -> None:
    """Every fault struck, the books are the venue's, no invariant is broken, nothing is open."""
    assert world.faults.left == []
    assert world.settle()
    assert differences(world) == []
    assert broken_invariants() == {}


def test_an_order_that_was_accepted_after_its_timeout_is_not_sent_again(start) -> None:
    world = start("lost_answer")
    name = buy(world)
    world.turn()
    assert Order.objects.get(client_order_id=name).status in {"unknown", "open", "filled"}
    rounds(world)
    assert at_venue(world) == [("buy", "closed", Decimal(1))]
    assert Order.objects.get().status == "filled"
    assert_all_is_told(world)


def test_six_orders_outlive_a_dns_outage(start) -> None:
    world = start(*["dns_failure"] * 12)
    for number in range(6):
        buy(world, amount=Decimal(1) / 4, price=Decimal(49_000 - number), type="limit")
    rounds(world, 1, hears=False)
    assert at_venue(world) == []
    rounds(world, 12)
    assert [status for _, status, _ in at_venue(world)] == ["open"] * 6
    assert {o.status for o in unfinished_orders(account_id=world.account_id)} == {"open"}
    world.cancel()
    rounds(world, 4)
    assert_all_is_told(world)
    assert Order.objects.filter(status="canceled").count() == 6


def test_a_restart_finds_the_open_position_and_its_stop(start) -> None:
    world = start("crash_after_store")
    world.is_protecting = True
    buy(world)
    world.rows.quote({BTC: Decimal(50_000)}, world.clock.now())
    rounds(world, 4)
    assert world.crashes == 1
    world.worker.again()
    rounds(world, 4)
    assert at_venue(world) == [
        ("buy", "closed", Decimal(1)),
        ("sell", "open", Decimal(0)),
    ]
    assert Order.objects.get(purpose="protect").status == "open"
    assert_all_is_told(world)


def test_a_stop_order_goes_to_the_venue_and_waits_there(start) -> None:
    """Stops that exist in a simulation only leave a live position bare."""
    world = start()
    world.is_protecting = True
    buy(world)
    world.rows.quote({BTC: Decimal(50_000)}, world.clock.now())
    rounds(world, 3)
    stop = world.exchange.orders()[-1]
    entry = Fill.objects.get()
    held = entry.amount - entry.fee
    assert (stop.type, stop.side, stop.status, stop.amount) == ("stop_market", "sell", "open", held)
    # five per cent under what was paid
    assert stop.stop_price == (entry.price * Decimal("0.95")).quantize(Decimal("0.01"), ROUND_DOWN)
    world.exchange.tick(BTC, stop.stop_price - 1)
    rounds(world, 3)
    assert Order.objects.get(purpose="protect").status == "filled"
    assert len(world.exchange.orders()) == 2
    assert_all_is_told(world)


def test_a_close_that_filled_unseen_is_not_tried_again(start) -> None:
    world = start()
    buy(world)
    rounds(world, 2)
    world.faults = Sequence("lost_answer", "stream_lost")
    sell(world, "0.999")
    rounds(world)
    assert [(side, status) for side, status, _ in at_venue(world)] == [
        ("buy", "closed"),
        ("sell", "closed"),
    ]
    assert world.exchange.balances()["BTC"] == 0
    assert_all_is_told(world)


def test_cancelling_a_bots_orders_leaves_its_siblings_alone(start) -> None:
    world = start(bots=2)
    terms = {"type": "limit", "price": Decimal(49_000)}
    mine = buy(world, 0, **terms)
    theirs = buy(world, 1, **terms)
    rounds(world, 2)
    world.cancel(mine)
    rounds(world, 3)
    by_name = {o.client_order_id: o.status for o in world.exchange.orders()}
    assert by_name == {mine: "canceled", theirs: "open"}
    assert Order.objects.get(client_order_id=theirs).cancel_requested_at is None
    world.cancel(theirs)
    rounds(world, 3)
    assert_all_is_told(world)


def test_fills_that_a_disconnect_swallowed_come_back_by_asking(start) -> None:
    world = start("stream_lost")
    buy(world, type="limit", price=Decimal(49_990))
    world.turn()
    world.exchange.tick(BTC, Decimal("49989.99"), size="1", levels=1)
    world.hear()
    assert Fill.objects.count() == 0
    assert world.reconcile()
    assert Fill.objects.count() == len(world.exchange.trades) == 1
    assert_all_is_told(world)


@pytest.mark.parametrize("answer", ["cut_answer", "unavailable"])
def test_an_accepted_order_is_asked_about_and_never_retried(answer: str, start) -> None:
    world = start(answer)
    buy(world, amount=Decimal(2))
    rounds(world)
    assert at_venue(world) == [("buy", "closed", Decimal(2))]
    assert Order.objects.count() == 1
    assert_all_is_told(world)


def test_a_filled_order_outlives_a_database_that_could_not_store_it(start) -> None:
    world = start("cut_commit", "cut_commit")
    buy(world)
    for _ in range(3):
        world.turn()
    rounds(world)
    assert [status for _, status, _ in at_venue(world)] == ["closed"]
    assert Fill.objects.count() == 1
    assert_all_is_told(world)


def test_two_workers_leave_a_position_once(start) -> None:
    world = start()
    buy(world)
    rounds(world, 2)
    world.faults = Sequence("second_worker")
    sell(world, "0.999")
    rounds(world, 3)
    # a second exit of what is gone is withdrawn before it is sent
    late = sell(world, "0.999")
    rounds(world, 3)
    assert [side for side, _, _ in at_venue(world)] == ["buy", "sell"]
    assert Order.objects.get(client_order_id=late).status_reason == "AMOUNT_ABOVE_POSITION"
    assert_all_is_told(world)
