"""`manage.py control`: carry out halts, watch losses. Needs only PostgreSQL and the venues."""

from __future__ import annotations

import signal
import threading
from typing import Any

import structlog
from celery import current_app
from django.core.management.base import BaseCommand
from kombu.exceptions import OperationalError

from apps.supervision.control import Control

log = structlog.get_logger(__name__)


def nudge() -> None:
    """Ask a worker for due cycles; without Redis there is nobody to ask."""
    try:
        current_app.send_task("trading.tick", queue="trading", expires=5, retry=False)
    except (OperationalError, OSError) as error:
        log.debug("control.nudge_lost", error=str(error))


class Command(BaseCommand):
    """Run until SIGTERM or SIGINT."""

    help = "Carry out halts (barrier, cancels, flatten) and trip the daily-loss breaker."
    # All checks would load the pages and the API, which this process never serves.
    requires_system_checks = ["tradingdesk"]

    def handle(self, *args: Any, **options: Any) -> None:
        """Work in this process until it is told to stop."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        log.info("control.started")
        Control(stop=stop, nudge=nudge).run()
        log.info("control.stopped")
