"""A thread that shows that a plain process lives.

The processes `control` and `feed` stand below this app on the ladder and cannot call it; so this
app starts their heart when it finds itself loaded in one of them (`OpsConfig.ready`). Workers are
seen by a task that they carry out, beat by its own loop.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog
from django.apps import apps
from django.db import Error, connection

from apps.ops.actions.beat_heart import beat_heart

log = structlog.get_logger(__name__)
EVERY_SECONDS: Final = 2.0
PLAIN_PROCESSES: Final = frozenset({"control", "feed"})


def plain_process_of(argv: Sequence[str]) -> str | None:
    """Return the name of the plain process that this command line starts, if it is one."""
    is_command = len(argv) > 1 and Path(argv[0]).name == "manage.py"
    return argv[1] if is_command and argv[1] in PLAIN_PROCESSES else None


def start(name: str, *, stop: threading.Event | None = None) -> threading.Thread:
    """Beat for `name` every two seconds until the process, or `stop`, ends it."""
    thread = threading.Thread(
        target=_beat, args=(name, stop or threading.Event()), name=f"heart-{name}", daemon=True
    )
    thread.start()
    return thread


def start_for_this_process() -> None:
    """Start the heart of a plain process, and do nothing in any other."""
    name = plain_process_of(sys.argv)
    if name is not None:
        start(name)


def _beat(name: str, stop: threading.Event) -> None:
    apps.ready_event.wait()
    while not stop.is_set():
        try:
            beat_heart(name=name)
        except Error as error:
            # The database restarts at times; the silence meanwhile is the truth.
            log.info("heart.missed", process=name, error=type(error).__name__)
            connection.close()
        stop.wait(EVERY_SECONDS)
    connection.close()
