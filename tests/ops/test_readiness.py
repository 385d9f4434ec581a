"""/healthz and /readyz."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django_celery_beat.models import PeriodicTask

from apps.core.actor import Actor
from apps.core.clock import now
from apps.ops import heart
from apps.ops.actions.beat_heart import beat_heart
from apps.ops.actions.sync_schedules import sync_schedules
from apps.ops.domain.readiness import HEARTS
from apps.ops.models import Heartbeat
from apps.ops.tasks import pulse
from apps.risk.actions.declare_build import declare_build
from tests.factories import make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready_desk(db) -> None:
    sync_schedules(actor=Actor.task("tests"))
    for name in HEARTS:
        beat_heart(name=name)


def test_health_asks_nobody(client, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_ready_desk_answers_200_with_every_component(client, ready_desk) -> None:
    answer = client.get("/readyz")
    found = answer.json()
    assert (answer.status_code, found["status"], found["missing"]) == (200, "ok", [])
    parts = {"database", "redis", "migrations", "schedules", "builds", "checks"}
    assert found["components"].keys() == {*parts, *HEARTS}
    assert found["components"]["beat"]["age_seconds"] < 10
    assert answer["Cache-Control"].startswith("max-age=0, no-cache")


def test_an_empty_desk_says_what_is_missing(client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json()["missing"]) == {"schedules", *HEARTS}
    assert answer.json()["components"]["feed"]["detail"] == "no sign of life yet"


def test_a_process_of_another_build_is_named(client, ready_desk, settings) -> None:
    declare_build(actor=Actor.task("tests"), build=settings.BUILD)
    assert client.get("/readyz").json()["components"]["builds"]["ok"]
    Heartbeat.objects.filter(name="feed").update(build="old")
    answer = client.get("/readyz").json()
    assert answer["missing"] == ["builds"]
    assert answer["components"]["builds"]["detail"] == (
        "OLD_BUILD: feed runs old; it sends no entries"
    )


def test_a_silent_process_is_red(client, ready_desk) -> None:
    Heartbeat.objects.filter(name="control").update(at=now() - timedelta(seconds=11))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["control"])
    assert answer.json()["components"]["control"]["detail"] == "silent for 11 s"


def test_a_disabled_schedule_is_red(client, ready_desk) -> None:
    PeriodicTask.objects.filter(task="trading.tick").update(enabled=False)
    found = client.get("/readyz").json()
    assert found["missing"] == ["schedules"]
    assert found["components"]["schedules"]["detail"] == "trading: nudge what is due: disabled"


def test_the_simulator_is_asked_only_where_an_account_trades_there(
    client, ready_desk, settings
) -> None:
    settings.SIMULATOR_URL = "http://127.0.0.1:1"
    assert "simulator" not in client.get("/readyz").json()["components"]
    make_account()
    assert client.get("/readyz").json()["missing"] == ["simulator"]
    with Exchange() as address:
        settings.SIMULATOR_URL = address
        assert client.get("/readyz").json()["components"]["simulator"]["ok"]


class Exchange:
    """An exchange that answers its ping."""

    def __enter__(self) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path == "/api/v3/ping" else 404)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def test_without_redis_the_desk_is_not_ready(client, ready_desk, settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert client.get("/readyz").json()["missing"] == ["redis"]


def test_only_reading_is_possible(client) -> None:
    assert client.post("/readyz").status_code == 405


def test_a_pulse_shows_that_a_worker_works() -> None:
    pulse("worker-trading")
    row = Heartbeat.objects.get(name="worker-trading")
    assert (row.pid, row.build) == (os.getpid(), "development")


def test_the_start_time_moves_with_the_process_only() -> None:
    beat_heart(name="feed")
    first = Heartbeat.objects.get(name="feed").started_at
    beat_heart(name="feed", detail={"sockets": 2})
    row = Heartbeat.objects.get(name="feed")
    assert (row.started_at, row.detail) == (first, {"sockets": 2})
    Heartbeat.objects.update(pid=1)
    beat_heart(name="feed")
    assert Heartbeat.objects.get(name="feed").started_at > first


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["manage.py", "control"], "control"),
        (["/srv/desk/manage.py", "feed", "--once"], "feed"),
        (["manage.py", "migrate"], None),
        (["celery", "control"], None),
        (["manage.py"], None),
    ],
)
def test_a_heart_beats_in_plain_processes_only(argv, name) -> None:
    assert heart.plain_process_of(argv) == name


@pytest.mark.django_db(transaction=True)
def test_a_heart_beats_in_its_thread_until_it_is_stopped() -> None:
    stop = threading.Event()
    thread = heart.start("control", stop=stop)
    for _ in range(100):
        if Heartbeat.objects.filter(name="control").exists():
            break
        threading.Event().wait(0.05)
    stop.set()
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert Heartbeat.objects.filter(name="control").exists()
