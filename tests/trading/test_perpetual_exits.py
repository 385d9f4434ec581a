"""On a perpetual both exits rest on their own: the desk lets the other go, whichever fills."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.orders.models import Order, OrderGroup
from apps.portfolio.models import Position
from apps.trading.actions.protect_positions import protect_positions
from apps.trading.actions.tend_orders import tend_orders
from tests.factories import make_quote
from tests.trading.desk import Desk
from tests.trading.test_perpetual_cycles import filled, newest, perpetuals, set_at_venue

pytestmark = pytest.mark.django_db
D = Decimal
SIZING = {"mode": "fixed_cost", "cost": "1000", "leverage": "1", "sides": "both"}


@pytest.fixture(params=["long", "short"])
def held(request: pytest.FixtureRequest) -> tuple[Desk, str]:
    """A position of 1,000 USDT with a stop and a target beside it."""
    desk = perpetuals()
    desk.bot(
        strategy="sma_swing",
        sizing=SIZING,
        protection={"stop_loss": "0.05", "take_profit": "0.1"},
    )
    falls = request.param == "short"
    desk.history([100.0] * 5 + ([99.0] if falls else [101.0]))
    set_at_venue(desk, leverage="1")
    desk.cycle()
    filled(desk, newest(), "100")
    assert protect_positions(account_id=desk.account.id) == 2
    return desk, "buy" if falls else "sell"


def exits() -> list[Order]:
    return list(Order.objects.filter(purpose="protect").order_by("id"))


def test_both_legs_rest_reduce_only_in_one_group_that_the_venue_does_not_tie(held) -> None:
    _, side = held
    stop, target = exits()
    near, far = ("95.00", "110.00") if side == "sell" else ("105.00", "90.00")
    assert (stop.stop_price, target.price) == (D(near), D(far))
    assert (stop.side, target.side) == (side, side)
    assert stop.reduce_only
    assert target.reduce_only
    group = OrderGroup.objects.get()
    assert (group.state, group.side, group.is_native) == ("open", side, False)


@pytest.mark.parametrize("first", [0, 1])
def test_when_one_leg_fills_the_other_is_cancelled_and_the_group_ends_once(held, first) -> None:
    desk, _ = held
    legs = exits()
    filled(desk, legs[first], "100")
    tend_orders(account_id=desk.account.id)
    other = Order.objects.get(id=legs[1 - first].id)
    # it had not left yet, so it never will
    assert (other.status, other.status_reason) == ("withdrawn", "CANCEL_REQUESTED")
    assert OrderGroup.objects.get().state == "done"
    ended_at = OrderGroup.objects.get().ended_at
    tend_orders(account_id=desk.account.id)
    assert OrderGroup.objects.get().ended_at == ended_at
    assert Position.objects.get().amount == 0
    assert Order.objects.count() == 3


def test_when_both_legs_fill_what_is_too_much_is_closed_at_once(held) -> None:
    desk, side = held
    for leg in exits():
        filled(desk, leg, "100")
    turned = Position.objects.get().amount
    assert (turned < 0) is (side == "sell")
    make_quote(desk.instruments[0], last=D(100), at=desk.at)
    assert tend_orders(account_id=desk.account.id)
    back = newest()
    assert (back.purpose, back.type, back.amount) == ("reduce", "market", abs(turned))
    assert back.side != side
    assert (back.reduce_only, back.worst_price, back.origin) == (True, None, "timeout")
    assert not tend_orders(account_id=desk.account.id)
    assert protect_positions(account_id=desk.account.id) == 0
    filled(desk, back, "100")
    tend_orders(account_id=desk.account.id)
    assert Position.objects.get().amount == 0
    assert OrderGroup.objects.get().state == "done"
