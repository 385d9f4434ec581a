"""Beat's nudges: an account with anything due is named once, on the queue of the trading workers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from celery import current_app

from apps.orders.models import Order
from apps.portfolio.models import Position
from apps.trading import tasks
from tests.fakes.venue import FakeVenue
from tests.trading.desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue(redis_server):
    with current_app.connection_for_read() as connection:
        queue = connection.SimpleQueue("trading")
        queue.clear()
        yield queue
        queue.clear()
        queue.close()


def nudged(queue) -> list[list[str]]:
    found = []
    while True:
        try:
            message = queue.get_nowait()
        except queue.Empty:
            return found
        message.ack()
        assert message.headers["task"] == "trading.run_account"
        found.append(message.payload[0])


def test_a_due_account_is_nudged_once_and_a_quiet_one_not(
    desk: Desk, queue, venue: FakeVenue
) -> None:
    venue.price = 110
    desk.bot("one")
    desk.bot("two")
    desk.history([100.0, 100, 100, 100, 100])
    tasks.tick()
    assert nudged(queue) == [[str(desk.account.id)]]
    tasks.work(str(desk.account.id))
    tasks.tick()
    assert nudged(queue) == []


def test_a_position_without_its_stop_is_found_within_five_seconds(
    desk: Desk, queue, venue: FakeVenue, monkeypatch
) -> None:
    desk.bot()
    desk.history([100.0, 100, 100, 100, 110])
    monkeypatch.setattr("apps.trading.actions.run_account.protect_positions", lambda account_id: 0)
    tasks.work(str(desk.account.id))
    monkeypatch.undo()
    assert Position.objects.get().amount > 0
    assert not Order.objects.filter(purpose="protect").exists()
    monkeypatch.setattr(tasks, "now", lambda: datetime(2023, 5, 2, 12, 0, 3, tzinfo=UTC))
    tasks.tick()
    assert nudged(queue) == []
    monkeypatch.setattr(tasks, "now", lambda: datetime(2023, 5, 2, 12, 0, 5, tzinfo=UTC))
    tasks.tick()
    assert nudged(queue) == [[str(desk.account.id)]]


def test_the_partitions_task_makes_tables(desk: Desk) -> None:
    tasks.partitions()
    tasks.partitions()
