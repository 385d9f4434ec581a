"""The Celery application: an alarm clock, never the owner of work."""

from __future__ import annotations

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_prerun, worker_process_init
from django.db import connections
from django_structlog.celery.steps import DjangoStructLogInitStep

from tradingdesk.supervisor.parentage import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingdesk.settings")
# Celery runs Django's checks and drops what they say; running them loads every page of the desk.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("tradingdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@setup_logging.connect
def keep_django_logging(**_: Any) -> None:
    """Celery must not replace the desk's log set-up."""


@worker_process_init.connect
def prepare_child(**_: Any) -> None:
    """A worker's child ends with its parent and keeps start-up objects out of the collector."""
    die_with_parent()
    gc.freeze()


@task_prerun.connect
def renew_connections(**_: Any) -> None:
    """Drop a connection that broke in an earlier task; Celery keeps them for thousands."""
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
