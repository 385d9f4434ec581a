"""The ids of a request travel with the task that it starts."""

from __future__ import annotations

import time
import uuid

import pytest
import structlog
from celery import Celery
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from django_structlog import signals
from django_structlog.celery.receivers import CeleryReceiver

from tradingdesk.celery import app as desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def app(redis_server):
    """An application and worker of its own, with the desk's receivers, over the real Redis."""
    app = Celery("ids", broker=settings.BROKER_URL, set_as_current=False)
    prefix = f"{settings.REDIS_PREFIX}:ids:{uuid.uuid4().hex}:"
    app.conf.update(
        broker_transport_options={"global_keyprefix": prefix}, task_ignore_result=True,
        worker_hijack_root_logger=False, broker_connection_retry_on_startup=True,
    )  # fmt: skip
    yield app
    app.close()
    # the worker of a test makes its application the current one, and the default of all threads
    desk.set_current()
    desk.set_default()


def test_request_bot_and_order_ids_reach_the_worker(app) -> None:
    seen: list[dict[str, object]] = []

    @app.task(name="ids.see")
    def see() -> None:
        seen.append(structlog.contextvars.get_contextvars())

    receiver = CeleryReceiver()
    receiver.connect_worker_signals()
    ids = {"request_id": "r-1", "cycle": "2026-11-20T09:00Z", "bot": "sol-mm", "order": "o-1"}
    with start_worker(app, perform_ping_check=False, pool="solo", shutdown_timeout=20):
        with structlog.contextvars.bound_contextvars(**ids):
            see.apply_async()
        for _ in range(100):
            if seen:
                break
            time.sleep(0.05)
    assert {name: seen[0].get(name) for name in ids} == ids
    assert seen[0]["task_id"]
    assert "parent_task_id" not in seen[0]


def test_a_web_request_binds_an_id_of_its_own_and_trusts_none_from_outside(client) -> None:
    ids: list[object] = []

    def remember(**_: object) -> None:
        ids.append(structlog.contextvars.get_contextvars().get("request_id"))

    signals.bind_extra_request_finished_metadata.connect(remember)
    try:
        client.get("/healthz", headers={"X-Request-Id": "from-outside"})
        client.get("/healthz")
    finally:
        signals.bind_extra_request_finished_metadata.disconnect(remember)
    assert len(set(ids)) == 2
    assert {len(str(each)) for each in ids} == {36}
