"""Native pairs of exits: one call, one fate, never one leg without the other."""

from __future__ import annotations

import pytest

from apps.core.clock import now
from apps.orders.actions import send_orders as sending
from apps.orders.actions.resolve_orders import resolve_orders
from apps.orders.actions.send_orders import send_orders
from apps.orders.domain.units import units, waves
from apps.orders.models import Order
from apps.orders.queries import orders_to_send
from apps.portfolio.actions.absorb import absorb
from apps.venues.gateways.errors import OutcomeUnknown
from tests.factories import make_fill, make_order
from tests.orders.acts import fresh, pair, record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(sending, "PAUSE_SECONDS", 0)


def with_pairs(venue, *, fault=""):
    async def create_oco(stop, target, *, permit_at_ms):
        venue.calls.append(("pair", stop.client_order_id, target.client_order_id))
        reports = [venue.accept(stop), venue.accept(target)]
        if fault == "lost":
            raise OutcomeUnknown(message="timed out")
        return reports[:1] if fault == "cut" else reports

    venue.create_oco = create_oco


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("", ("open", "open")), ("lost", ("unknown", "unknown")), ("cut", ("open", "unknown"))],
)
def test_a_pair_goes_out_in_one_call_and_an_unclear_answer_leaves_both_in_doubt(
    bot, venue, fault, expected
):
    make_fill(make_order(bot, status="submitted"))
    stop, target = pair(bot)
    with_pairs(venue, fault=fault)
    send_orders(account_id=bot.account_id)
    assert venue.calls == [("pair", stop.client_order_id, target.client_order_id)]
    assert (fresh(stop).status, fresh(target).status) == expected
    assert fresh(stop).fence == fresh(target).fence == 1
    resolve_orders(account_id=bot.account_id)
    absorb(account_id=bot.account_id)
    assert (fresh(stop).status, fresh(target).status) == ("open", "open")


def test_both_legs_of_a_pair_are_claimed_or_none(bot, venue, monkeypatch):
    make_fill(make_order(bot, status="submitted"))
    stop, target = pair(bot)
    with_pairs(venue)
    real = sending.claim_orders

    def cancelled_meanwhile(**values):
        Order.objects.filter(id=target.id).update(cancel_requested_at=now())
        return real(**values)

    monkeypatch.setattr(sending, "claim_orders", cancelled_meanwhile)
    send_orders(account_id=bot.account_id)
    assert venue.calls == []
    assert (fresh(stop).status, fresh(target).status) == ("created", "created")


def test_a_wave_never_splits_a_pair(bot):
    make_fill(make_order(bot, status="submitted"))
    singles = [record(bot, leg=str(n)) for n in range(3)]
    stop, target = pair(bot)
    due = orders_to_send(account_id=bot.account_id)
    assert [len(unit) for unit in units(due)] == [1, 1, 1, 2]
    assert [[o.id for o in wave] for wave in waves(due, size=4)] == [
        [*(o.id for o in singles), stop.id, target.id]
    ]
    assert [len(unit) for unit in units([o for o in due if o.id == stop.id])] == [1]
