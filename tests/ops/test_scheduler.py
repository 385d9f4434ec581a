"""Beat: allow-listed tasks only, through restarts of both servers."""

from __future__ import annotations

import uuid

import pytest
from celery import Celery
from django.conf import settings
from django.db import OperationalError
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from kombu import Connection

from apps.audit.models import AuditEvent
from apps.core.actor import Actor
from apps.ops.actions.sync_schedules import sync_schedules
from apps.ops.domain.schedules import SCHEDULES
from apps.ops.models import Heartbeat
from apps.ops.scheduler import GovernedScheduler

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def app(redis_server):
    """An application of its own on the suite's Redis, with queues of its own."""
    app = Celery("t", broker=settings.BROKER_URL, set_as_current=False)
    prefix = f"{settings.REDIS_PREFIX}:beat:{uuid.uuid4().hex}:"
    app.conf.update(broker_transport_options={"global_keyprefix": prefix}, task_ignore_result=True)
    yield app
    app.close()


def governed(app: Celery, **options: object) -> GovernedScheduler:
    """A scheduler that does not write its run times when the suite ends."""
    scheduler = GovernedScheduler(app=app, lazy=True, **options)
    scheduler._finalize.cancel()
    return scheduler


def messages(app: Celery, queue: str) -> list[str]:
    """Take what waits in a queue; return the names of the tasks."""
    found = []
    with app.connection_for_read() as connection, connection.SimpleQueue(queue) as waiting:
        while True:
            try:
                message = waiting.get(block=False)
            except waiting.Empty:
                break
            found.append(message.headers["task"])
            message.ack()
    return found


def run(scheduler: GovernedScheduler, ticks: int = 30) -> None:
    for _ in range(ticks):
        if scheduler.tick() > 0.5:
            return


def test_a_first_start_sends_every_schedule_at_once(app) -> None:
    sync_schedules(actor=Actor.task("tests"))
    run(governed(app))
    sent = messages(app, "trading") + messages(app, "default")
    assert sorted(sent) == sorted(schedule.task for schedule in SCHEDULES)
    assert Heartbeat.objects.filter(name="beat").exists()


def test_a_row_with_another_task_is_not_started_and_recorded_once(app) -> None:
    interval = IntervalSchedule.objects.create(every=1, period="seconds")
    PeriodicTask.objects.create(
        name="sly", task="os.system", interval=interval, args='["rm"]', queue="default"
    )
    for _ in range(2):
        run(governed(app), ticks=3)
    assert messages(app, "default") == []
    event = AuditEvent.objects.get(verb="schedule.refused")
    assert (event.object_name, event.after) == ("sly", {"task": "os.system"})


def test_the_loop_never_sleeps_longer_than_a_second(app) -> None:
    scheduler = governed(app, max_interval=300)
    assert scheduler.max_interval == 1
    assert scheduler.tick() <= 1


def test_a_lost_database_costs_a_second_and_not_the_process(app, monkeypatch) -> None:
    sync_schedules(actor=Actor.task("tests"))
    scheduler = governed(app)
    with monkeypatch.context() as broken:

        def gone(*_: object, **__: object) -> None:
            raise OperationalError

        broken.setattr("apps.ops.scheduler.beat_heart", gone)
        assert scheduler.tick() == 1
    scheduler._beat_at = float("-inf")
    run(scheduler)
    assert "trading.tick" in messages(app, "trading")


def test_a_first_read_that_failed_is_made_again(app, monkeypatch) -> None:
    sync_schedules(actor=Actor.task("tests"))
    scheduler = governed(app)
    with monkeypatch.context() as broken:

        def gone(*_: object) -> None:
            raise OperationalError

        broken.setattr(GovernedScheduler, "enabled_models", gone)
        assert scheduler.tick() == 1
    run(scheduler)
    assert "trading.tick" in messages(app, "trading")


def test_a_lost_broker_costs_the_messages_and_not_the_process(app) -> None:
    sync_schedules(actor=Actor.task("tests"))
    dead = Celery("dead", broker="redis://127.0.0.1:1/0", set_as_current=False)
    dead.conf.update(task_publish_retry=False)
    scheduler = governed(dead)
    run(scheduler, ticks=5)
    assert scheduler._lost is not None
    scheduler.app = app
    for entry in scheduler.schedule.values():
        entry.app = app
    scheduler.apply_entry(scheduler.schedule[SCHEDULES[0].name])
    assert scheduler._lost is None
    assert messages(app, "trading") == ["trading.tick"]
    assert isinstance(dead.connection_for_write(), Connection)
