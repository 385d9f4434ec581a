"""Real processes: one that is stopped inside its wave and wakes up, one of an old build."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction

from apps.core.actor import Actor
from apps.core.clock import now
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.resolve_orders import resolve_orders
from apps.orders.actions.send_orders import send_orders
from apps.orders.models import Order
from apps.risk.actions.declare_build import declare_build
from apps.risk.actions.permit import barrier, close_permits
from apps.venues import gateways
from tests.factories import make_bot, make_draft, make_instrument
from tests.fakes.venue import FakeVenue

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
ACTOR = Actor(kind="person", id="1", name="Ada")


@pytest.fixture
def order():
    bot = make_bot(instruments=[make_instrument(symbol="BTC/USDT")])
    with transaction.atomic():
        [order_id] = create_orders(drafts=[make_draft(bot)])
    yield Order.objects.get(id=order_id)
    close_permits()


def sender(order, *, pause=0.0, **environment):
    words = [sys.executable, "-m", "tests.races.stopped_sender", str(order.account_id), str(pause)]
    return subprocess.Popen(
        words, cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, text=True
    )


def test_a_sender_stopped_inside_its_wave_blocks_nobody_and_changes_nothing_when_it_wakes(
    order, monkeypatch
):
    process = sender(order, pause=1.0)
    assert process.stdout is not None
    assert process.stdout.readline() == f"accepted {order.client_order_id}\n"
    process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    try:
        barrier(account_id=order.account_id)
        assert time.monotonic() - started < 7
        # long enough for its doubt to be somebody else's business, and for proof
        Order.objects.update(submitted_at=now() - timedelta(seconds=30))
        monkeypatch.setattr(gateways, "gateway", lambda credentials: FakeVenue())
        assert resolve_orders(account_id=order.account_id).absent == 1
        settled = Order.objects.get(id=order.id)
        assert (settled.status, settled.status_reason) == ("rejected", "NOT_AT_VENUE")
    finally:
        process.send_signal(signal.SIGCONT)
    assert process.communicate(timeout=20)[0] == "sent 1 old 0\n"
    # what it made of the wave came under a lower fence, so the settled state stands
    after = Order.objects.get(id=order.id)
    assert (after.status, after.status_reason) == ("rejected", "NOT_AT_VENUE")
    assert after.fence > settled.events.filter(after="submitted").get().detail["fence"]
    assert after.events.order_by("-id").first().after == "rejected"


def test_a_process_of_an_old_build_leaves_the_entry_to_a_new_one(order, monkeypatch, settings):
    declare_build(actor=ACTOR, build=settings.BUILD)
    process = sender(order, BUILD="last-year")
    assert process.communicate(timeout=60)[0] == "sent 0 old 1\n"
    assert Order.objects.get(id=order.id).status == "created"
    monkeypatch.setattr(gateways, "gateway", lambda credentials: FakeVenue())
    assert send_orders(account_id=order.account_id).acknowledged == 1
