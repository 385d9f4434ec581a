"""Schedules: declared in code, kept as rows, watched."""

from __future__ import annotations

import json

import pytest
from celery import current_app
from django.core.management import call_command
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from apps.audit.models import AuditEvent
from apps.core.actor import Actor
from apps.ops.actions.sync_schedules import sync_schedules
from apps.ops.actions.watch_schedules import watch_schedules
from apps.ops.domain.schedules import ALLOWED_TASKS, SCHEDULES
from apps.ops.queries import schedule_problems

SYSTEM = Actor.task("tests")
TICK = SCHEDULES[0].name


@pytest.fixture
def synced(db) -> None:
    sync_schedules(actor=SYSTEM)


def test_names_are_unique_and_beat_nudges_the_cycle_every_second() -> None:
    assert len({schedule.name for schedule in SCHEDULES}) == len(SCHEDULES)
    assert (SCHEDULES[0].task, SCHEDULES[0].every, SCHEDULES[0].queue) == (
        "trading.tick",
        1,
        "trading",
    )


@pytest.mark.django_db
def test_every_scheduled_task_exists() -> None:
    current_app.loader.import_default_modules()
    known = set(current_app.tasks)
    assert {schedule.task for schedule in SCHEDULES} <= known


@pytest.mark.django_db
def test_an_empty_database_misses_all_of_them_and_sync_writes_them_once() -> None:
    assert schedule_problems() == {schedule.name: "missing" for schedule in SCHEDULES}
    call_command("schedules", "sync")
    assert schedule_problems() == {}
    assert sync_schedules(actor=SYSTEM) == {}
    assert PeriodicTask.objects.count() == len(SCHEDULES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"enabled": False}, "disabled"),
        ({"queue": "default"}, "altered: queue"),
        ({"task": "ops.pulse"}, "altered: task"),
        ({"args": '["x"]'}, "altered: args"),
        ({"kwargs": '{"a": 1}'}, "altered: every"),
        ({"one_off": True}, "altered: every"),
        ({"expire_seconds": 1}, "altered: expires"),
    ],
)
def test_a_changed_row_is_seen_and_mended(synced, change, words) -> None:
    PeriodicTask.objects.filter(name=TICK).update(**change)
    assert schedule_problems() == {TICK: words}
    assert sync_schedules(actor=SYSTEM) == {TICK: words}
    assert schedule_problems() == {}


def test_a_slower_interval_is_seen_too(synced) -> None:
    row = PeriodicTask.objects.get(name=TICK)
    row.interval = IntervalSchedule.objects.create(every=9, period="minutes")
    row.save()
    assert schedule_problems() == {TICK: "altered: every"}


def test_a_row_that_the_table_no_longer_has_is_deleted(synced) -> None:
    row = PeriodicTask.objects.get(name=TICK)
    row.pk, row.name = None, "old"
    row.save()
    mine = PeriodicTask.objects.create(
        name="mine", task="ops.pulse", interval=row.interval, args=json.dumps(["x"])
    )
    assert sync_schedules(actor=SYSTEM) == {"old": "no longer required"}
    assert PeriodicTask.objects.filter(pk=mine.pk).exists()


def test_a_broken_schedule_is_recorded_once_and_so_is_its_mending(synced) -> None:
    watch_schedules(actor=SYSTEM)
    assert not AuditEvent.objects.filter(verb__startswith="schedules.broken").exists()
    PeriodicTask.objects.filter(name=TICK).update(enabled=False)
    for _ in range(3):
        assert watch_schedules(actor=SYSTEM) == {TICK: "disabled"}
    PeriodicTask.objects.filter(name=TICK).delete()
    watch_schedules(actor=SYSTEM)
    sync_schedules(actor=SYSTEM)
    for _ in range(2):
        watch_schedules(actor=SYSTEM)
    verbs = AuditEvent.objects.filter(object_type="schedules").order_by("seq")
    assert [(event.verb, event.after) for event in verbs] == [
        ("schedules.broken", {TICK: "disabled"}),
        ("schedules.broken", {TICK: "missing"}),
        ("schedules.mended", {}),
    ]


def test_who_changes_a_row_is_on_record_and_running_it_is_not(synced) -> None:
    before = AuditEvent.objects.count()
    PeriodicTask.objects.filter(name=TICK).update(total_run_count=5)
    assert AuditEvent.objects.count() == before
    PeriodicTask.objects.filter(name=TICK).update(enabled=False)
    event = AuditEvent.objects.first()
    assert (event.object_type, event.object_name) == ("django_celery_beat_periodictask", TICK)
    assert (event.before["enabled"], event.after["enabled"]) == (True, False)


def test_the_list_of_tasks_is_short() -> None:
    assert "celery.backend_cleanup" not in ALLOWED_TASKS
    assert {schedule.task for schedule in SCHEDULES} | {"trading.run_account"} == ALLOWED_TASKS
