"""The control process: halts need nothing but PostgreSQL and the venue.

One loop listens for restrictions and looks every 250 ms whether there is something to do. The work
itself runs in a few threads, one job an account and phase, so that a venue that does not answer
holds up neither the barrier of the next halt nor any other account.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connections,
)

from apps.core.clock import now
from apps.core.errors import DeskError
from apps.risk.actions.permit import close_permits
from apps.risk.actions.restrict import CHANNEL
from apps.supervision.actions.open_runs import open_runs
from apps.supervision.actions.run_halts import advance_run
from apps.supervision.actions.take_barrier import take_barrier
from apps.supervision.actions.watch_losses import watch_losses
from apps.supervision.models import HaltRun
from apps.supervision.queries import unfinished_runs

log = structlog.get_logger(__name__)
POLL_SECONDS: Final = 0.25
BUSY_POLL_SECONDS: Final = 0.05
LOSSES_SECONDS: Final = 2.0
NUDGE_SECONDS: Final = 5.0
RECONNECT_SECONDS_MAX: Final = 5.0
WORKERS: Final = 8
LOST: Final = (OperationalError, InterfaceError, psycopg.OperationalError)


class Control:
    """Carries out halts and watches losses until `stop` is set."""

    def __init__(self, *, stop: threading.Event, nudge: Callable[[], None]) -> None:
        self.stop = stop
        self.nudge = nudge
        self.jobs: dict[Hashable, Future[None]] = {}
        self.losses_at = 0.0

    def run(self) -> None:
        """Work until stopped; a lost database is waited for and said once."""
        threading.Thread(target=self._nudge_on, name="nudge", daemon=True).start()
        wait, is_lost = POLL_SECONDS, False
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="halt") as pool:
            while not self.stop.is_set():
                try:
                    with _listening() as listener:
                        if is_lost:
                            log.info("control.database_back")
                        wait, is_lost = POLL_SECONDS, False
                        self._watch(listener, pool)
                except LOST as error:
                    if not is_lost:
                        log.warning("control.database_lost", error=str(error).splitlines()[0])
                    is_lost = True
                    connections.close_all()
                    self.stop.wait(wait)
                    wait = min(2 * wait, RECONNECT_SECONDS_MAX)

    def _watch(self, listener: psycopg.Connection[Any], pool: ThreadPoolExecutor) -> None:
        while not self.stop.is_set():
            self.tick(pool)
            seconds = BUSY_POLL_SECONDS if self.jobs else POLL_SECONDS
            for _ in listener.notifies(timeout=seconds, stop_after=1):
                break

    def tick(self, pool: ThreadPoolExecutor) -> None:
        """Give every due run to a thread, unless its account has one at work in the same phase."""
        self.jobs = {key: job for key, job in self.jobs.items() if not job.done()}
        open_runs()
        for run in unfinished_runs(due_at=now()):
            phase = "barrier" if run.barrier_at is None else "sweep"
            key = (phase, run.account_id)
            if key not in self.jobs:
                self.jobs[key] = pool.submit(_job, phase, run.id)
        if time.monotonic() >= self.losses_at:
            self.losses_at = time.monotonic() + LOSSES_SECONDS
            watch_losses()

    def _nudge_on(self) -> None:
        """Ask for cycles every 5 s, whatever the beat does: asking twice does no harm."""
        while not self.stop.wait(NUDGE_SECONDS):
            self.nudge()


def _listening() -> psycopg.Connection[Any]:
    params = connections["default"].get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        params.pop(name, None)
    # the name by which a health check finds this process among the sessions
    params["application_name"] = "desk-control"
    listener = psycopg.connect(**params, autocommit=True)
    listener.execute(f"LISTEN {CHANNEL}")
    return listener


def _job(phase: str, run_id: UUID) -> None:
    """Advance one run in a thread of its own; whatever goes wrong is tried again at the next tick."""
    close_old_connections()
    try:
        run = HaltRun.objects.select_related("restriction").get(id=run_id)
        if phase == "barrier":
            take_barrier(run=run)
        else:
            advance_run(run=run)
    except (DeskError, DatabaseError, psycopg.Error) as error:
        log.warning("halt.step_failed", phase=phase, run=str(run_id), error=str(error).strip())
        connections.close_all()
        close_permits()
    except Exception:
        log.exception("halt.step_broken", phase=phase, run=str(run_id))
        raise
