"""Beat with a short list of what it may start, and a long breath.

django-celery-beat's scheduler reads its rows from the database. This one starts only tasks of the
code's own list, outlives restarts of PostgreSQL and Redis, and shows that it lives.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from django.db import Error, connection
from django_celery_beat.schedulers import DatabaseScheduler
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from apps.core.actor import Actor
from apps.ops.actions.beat_heart import beat_heart
from apps.ops.actions.refuse_schedule import refuse_schedule
from apps.ops.actions.watch_schedules import watch_schedules
from apps.ops.domain.schedules import ALLOWED_TASKS

log = structlog.get_logger(__name__)
ACTOR = Actor.task("beat")
PAUSE_SECONDS = 1.0
QUICK = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
WATCH_SECONDS = 5.0


class GovernedScheduler(DatabaseScheduler):
    """Starts allow-listed tasks; an error of the servers costs a second, never the process."""

    # Without a producer of its own each message takes one from the pool, which reconnects.
    producer = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._lost: str | None = None
        self._beat_at = self._watched_at = float("-inf")
        super().__init__(*args, **kwargs)
        self.max_interval = PAUSE_SECONDS
        # A broker that is away is asked again with the next message, not waited for with this one.
        options = self.app.conf.broker_transport_options or {}
        self.app.conf.broker_transport_options = {**options, **QUICK}

    def setup_schedule(self) -> None:
        """Leave the rows alone: the table of schedules, not Celery, says what there is."""

    def enabled_models(self) -> list[Any]:
        """Return the enabled rows whose task is on the list; the others are recorded once."""
        allowed = []
        for row in super().enabled_models():
            if row.task in ALLOWED_TASKS:
                allowed.append(row)
            elif refuse_schedule(actor=ACTOR, name=row.name, task=row.task):
                log.warning("beat.task_refused", schedule=row.name, task=row.task)
        return allowed

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Start what is due and return the seconds to wait; a lost server is waited for."""
        try:
            self._show_life()
            delay = super().tick(*args, **kwargs)
        except (Error, KombuError, RedisError, OSError) as error:
            self._note_loss(error)
            connection.close()
            self._heap = None
            # a first read that failed must be made again
            self._initial_read = self._schedule is None
            return PAUSE_SECONDS
        return min(delay, PAUSE_SECONDS)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send one task; a message that cannot be sent is replaced by the next one."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except Exception as error:  # noqa: BLE001 - the border of beat: sending must not end it
            self._note_loss(error)
        else:
            self._note_return()

    def sync(self) -> None:
        """Write the run times; they are kept for the next time when the database is away."""
        try:
            super().sync()
        except (Error, OSError) as error:
            self._note_loss(error)
            connection.close()

    def _show_life(self) -> None:
        moment = time.monotonic()
        if moment - self._beat_at >= PAUSE_SECONDS:
            self._beat_at = moment
            beat_heart(name="beat", detail={"schedules": len(self._schedule or {})})
        if moment - self._watched_at >= WATCH_SECONDS:
            self._watched_at = moment
            watch_schedules(actor=ACTOR)

    def _note_loss(self, error: Exception) -> None:
        if self._lost is None:
            log.warning("beat.server_lost", error=type(error).__name__)
        self._lost = type(error).__name__

    def _note_return(self) -> None:
        if self._lost is not None:
            log.info("beat.server_back")
        self._lost = None
