"""Beat as the Procfile starts it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from apps.core.actor import Actor
from apps.ops.actions.sync_schedules import sync_schedules
from apps.ops.models import Heartbeat
from tests.databases import ROOT

COMMAND = [
    sys.executable,
    "-m",
    "celery",
    "-A",
    "tradingdesk",
    "beat",
    "--max-interval",
    "1",
    "--pidfile=",
]


@pytest.mark.django_db(transaction=True)
def test_beat_shows_life_by_itself_and_ends_when_asked() -> None:
    sync_schedules(actor=Actor.task("tests"))
    process = subprocess.Popen(
        COMMAND, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        deadline = time.monotonic() + 60
        while not Heartbeat.objects.filter(name="beat", pid=process.pid).exists():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "no sign of life"
            time.sleep(0.2)
        first = Heartbeat.objects.get(name="beat").at
        time.sleep(2.5)
        assert Heartbeat.objects.get(name="beat").at > first
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert '"level": "error"' not in output
