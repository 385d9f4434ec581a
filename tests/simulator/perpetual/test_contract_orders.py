"""Orders of perpetuals: what is refused, reduces, expires, is amended or triggers."""

from __future__ import annotations

from decimal import Decimal as D  # noqa: N817 - read like a number

import pytest

from apps.simulator.domain.perpetual.effects import AlgoEvent
from apps.simulator.domain.perpetual.engine import amend, cancel
from tests.simulator.perpetual.books import HOUR, Desk, refused


@pytest.mark.parametrize(
    ("code", "terms"),
    [
        (-4164, {"amount": "0.01"}),
        (-1111, {"amount": "1.001"}),
        (-4003, {"amount": "0"}),
        (-1111, {"amount": "1", "price": "100.001"}),
        (-4016, {"amount": "1", "price": "116"}),
        (-5022, {"amount": "1", "price": "101", "tif": "GTX"}),
        (-5040, {"amount": "1", "price": "99", "tif": "GTD", "good_till": HOUR + 1000}),
        (-2022, {"amount": "1", "reduce_only": True}),
        (-4061, {"amount": "1", "position_side": "LONG"}),
    ],
)
def test_an_order_that_breaks_a_rule_is_refused_with_the_venues_code(
    code: int, terms: dict[str, object]
) -> None:
    desk = Desk()

    refused(code, lambda: desk.order("BUY", **terms))  # type: ignore[arg-type]

    assert desk.ledger.last_order_id == 0


def test_a_reduction_never_opens_and_ends_with_its_position() -> None:
    desk = Desk()
    desk.order("BUY", "2")
    target = desk.order("SELL", "5", price=110, reduce_only=True).order
    other = desk.order("SELL", "1", price=112, reduce_only=True).order

    desk.candle(100, 111, close=105)

    assert desk.position().amount == 0
    assert (target.filled, target.status, other.status) == (D(2), "EXPIRED", "EXPIRED")


def test_an_order_good_till_date_expires_at_market_time() -> None:
    desk = Desk()
    order = desk.order("BUY", "1", price=90, tif="GTD", good_till=3 * HOUR).order

    desk.candle(100, 100)
    assert order.status == "NEW"
    desk.candle(80, 100, close=100)

    assert (order.status, order.filled) == ("EXPIRED", D(0))


def test_an_amended_order_keeps_its_id_and_takes_what_it_now_can() -> None:
    desk = Desk()
    order = desk.order("BUY", "1", price=90).order

    amend(desk.ledger, order, amount=D(2), price=D(95), now_ms=desk.clock)
    assert (order.amount, order.price, order.status) == (D(2), D(95), "NEW")
    amend(desk.ledger, order, amount=D(2), price=D(101), now_ms=desk.clock)

    assert (order.order_id, order.status, desk.position().amount) == (1, "FILLED", D(2))
    refused(-2011, lambda: cancel(desk.ledger, desk.ledger.accounts[1], order, now_ms=0))


def test_a_stop_sends_an_order_with_an_id_of_its_own() -> None:
    desk = Desk()
    desk.order("BUY", "1")
    refused(-2021, lambda: desk.algo("SELL", "STOP_MARKET", trigger=101))
    stop = desk.algo("SELL", "STOP_MARKET", trigger=95, closes=True, amount=0, reduce_only=False)

    effects = desk.candle(94, 100, close=99)

    assert (stop.status, desk.position().amount) == ("FINISHED", D(0))
    assert stop.order_id > stop.algo_id
    sent = next(o for o in effects.orders.values() if o.order_id == stop.order_id)
    assert (sent.orig_type, sent.cost) == ("STOP_MARKET", D(95))
    steps = [e.algo.status for e in effects.contracts.events if isinstance(e, AlgoEvent)]
    assert steps == ["TRIGGERED", "FINISHED"]


def test_a_stop_without_a_position_is_refused_when_it_triggers() -> None:
    desk = Desk()
    stop = desk.algo("SELL", "STOP_MARKET", trigger=95)

    effects = desk.candle(90, 100)

    assert (stop.status, stop.order_id, effects.trades) == ("REJECTED", 0, [])


def test_a_trailing_stop_follows_the_best_price_and_triggers_on_the_way_back() -> None:
    desk = Desk()
    desk.order("BUY", "1")
    stop = desk.algo("SELL", "TRAILING_STOP_MARKET", callback=10, activation=110)

    desk.candle(92, 105, close=105)
    assert (stop.status, stop.extreme) == ("NEW", D(0))
    desk.candle(104, 120, opened=105, close=119)
    assert (stop.status, desk.position().amount) == ("FINISHED", D(0))

    sent = next(o for o in desk.told.orders.values() if o.order_id == stop.order_id)
    assert sent.cost == D(108)


def test_an_eleventh_conditional_order_is_refused() -> None:
    desk = Desk()
    for number in range(10):
        desk.algo("SELL", "STOP_MARKET", trigger=80 + number)

    refused(-4045, lambda: desk.algo("SELL", "STOP_MARKET", trigger=95))
