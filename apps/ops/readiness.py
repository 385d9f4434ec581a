"""Ask every part of the desk how it is."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Final

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from apps.ops.domain.readiness import HEARTS, Component, report
from apps.ops.queries import (
    heart_components,
    open_findings,
    other_builds,
    schedule_problems,
    simulated_account_exists,
)

TIMEOUT_SECONDS: Final = 1.0
# Migrations do not appear while a process runs; reading the graph takes a tenth of a second.
MIGRATIONS_KEPT_SECONDS: Final = 60.0
_migrated_at: dict[str, float] = {}


def readiness() -> dict[str, Any]:
    """Return the report of /readyz: every component with ok, detail and age."""
    components = {"database": _asked(_database), "redis": _asked(_redis)}
    if not components["database"].ok:
        unknown = Component(ok=False, detail="unknown without the database")
        names = ("migrations", "schedules", "builds", "checks", *HEARTS)
        return report(components | dict.fromkeys(names, unknown))
    components["migrations"] = _asked(_migrations)
    components["schedules"] = _asked(_schedules)
    components["builds"] = _asked(_builds)
    components["checks"] = _asked(_checks)
    components |= heart_components()
    if simulated_account_exists():
        components["simulator"] = _asked(_simulator)
    return report(components)


def _asked(ask: Callable[[], Component]) -> Component:
    try:
        return ask()
    except (Error, redis.RedisError, OSError) as error:
        return Component(ok=False, detail=type(error).__name__)


def _database() -> Component:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_read_only')")
        # a standby or a full disk: it answers, but nothing can be recorded, so nothing is sent
        if cursor.fetchone() == ("on",):
            return Component(ok=False, detail="read-only")
    return Component(ok=True, detail="answers")


def _redis() -> Component:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    )
    with client:
        client.ping()
    return Component(ok=True, detail="answers")


def _migrations() -> Component:
    known = _migrated_at.get("default")
    if known is not None and time.monotonic() - known < MIGRATIONS_KEPT_SECONDS:
        return Component(ok=True, detail="all applied")
    executor = MigrationExecutor(connection)
    waiting = [
        step
        for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())
        if step.app_label != "simulator"
    ]
    if waiting:
        return Component(ok=False, detail=f"{len(waiting)} not applied, first {waiting[0]}")
    _migrated_at["default"] = time.monotonic()
    return Component(ok=True, detail="all applied")


def _schedules() -> Component:
    found = schedule_problems()
    if found:
        words = "; ".join(f"{name}: {what}" for name, what in sorted(found.items()))
        return Component(ok=False, detail=words[:300])
    return Component(ok=True, detail="as declared")


def _builds() -> Component:
    others = other_builds()
    if others:
        words = ", ".join(f"{name} runs {build}" for name, build in sorted(others.items()))
        return Component(ok=False, detail=f"OLD_BUILD: {words}; it sends no entries"[:300])
    return Component(ok=True, detail="all of the declared build")


def _checks() -> Component:
    found = open_findings()
    if found:
        words = ", ".join(f"{name} ({rows})" for name, rows in sorted(found.items()))
        return Component(ok=False, detail=f"invariants broken: {words}"[:300])
    return Component(ok=True, detail="nothing found")


def _simulator() -> Component:
    address = f"{settings.SIMULATOR_URL}/api/v3/ping"
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS):  # noqa: S310 # nosec B310
            return Component(ok=True, detail="answers")
    except urllib.error.HTTPError as error:
        return Component(ok=False, detail=f"HTTP {error.code}")
