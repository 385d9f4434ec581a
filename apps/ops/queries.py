"""How the desk's parts are: processes, schedules, invariants."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils.module_loading import module_has_submodule
from django_celery_beat.models import PeriodicTask

from apps.core.clock import now
from apps.ops.domain.readiness import HEARTS, Component, heart_component
from apps.ops.domain.schedules import SCHEDULES, Row, problem
from apps.ops.models import Finding, Heartbeat
from apps.risk.models import DeskBuild
from apps.venues.models import VenueAccount

# An invariant is its words and the SQL that selects the rows that break it.
Invariant = tuple[str, str]


def live_account_exists() -> bool:
    """Return whether this desk holds a venue account with real money."""
    return VenueAccount.objects.filter(environment="live").exists()


def simulated_account_exists() -> bool:
    """Return whether any account of this desk trades on the simulated exchange."""
    return VenueAccount.objects.filter(environment="simulated", archived_at=None).exists()


def heart_components() -> dict[str, Component]:
    """Return each process's component by its last sign of life."""
    moment = now()
    seen = dict(Heartbeat.objects.filter(name__in=HEARTS).values_list("name", "at"))
    ages = {name: (moment - seen[name]).total_seconds() for name in HEARTS if name in seen}
    return {name: heart_component(name=name, age=ages.get(name)) for name in HEARTS}


def schedule_problems() -> dict[str, str]:
    """Return the required schedules that are missing, disabled or altered, each with how."""
    rows = {row.name: row for row in PeriodicTask.objects.select_related("interval")}
    found = {s.name: problem(s, _row(rows[s.name]) if s.name in rows else None) for s in SCHEDULES}
    return {name: words for name, words in found.items() if words is not None}


def _row(row: PeriodicTask) -> Row:
    plain = not (row.one_off or row.expires or row.clocked_id or row.crontab_id or row.solar_id)
    interval = row.interval if plain and row.kwargs in ("", "{}") else None
    every = interval.every if interval is not None and interval.period == "seconds" else None
    try:
        args = tuple(json.loads(row.args or "[]"))
    except ValueError:
        args = (row.args,)
    return Row(
        task=row.task, every=every, queue=row.queue, expires=row.expire_seconds, args=args,
        is_enabled=row.enabled,
    )  # fmt: skip


def invariants() -> dict[str, Invariant]:
    """Return every app's named invariants, `app.name`, from its `invariants.INVARIANTS`."""
    found: dict[str, Invariant] = {}
    for config in apps.get_app_configs():
        if config.name.startswith("apps.") and module_has_submodule(config.module, "invariants"):
            module = import_module(f"{config.name}.invariants")
            found |= {f"{config.label}.{name}": rule for name, rule in module.INVARIANTS.items()}
    return found


def violations(rule: Invariant, *, sample: int) -> tuple[int, list[list[Any]]]:
    """Return how many rows break an invariant, and up to `sample` of them as text."""
    statement = rule[1].strip().rstrip(";")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({statement}) AS broken")  # noqa: S608 # nosec B608
        count = int(cursor.fetchone()[0])
        if not count:
            return 0, []
        cursor.execute(
            f"SELECT * FROM ({statement}) AS broken LIMIT {int(sample)}"  # noqa: S608 # nosec B608
        )
        return count, [[str(value) for value in row] for row in cursor.fetchall()]


def open_findings() -> dict[str, int]:
    """Return what the desk's own checks find right now: name → rows."""
    return dict(Finding.objects.filter(resolved_at=None).values_list("name", "rows"))


def other_builds() -> dict[str, str]:
    """Return processes whose last sign of life, within a minute, was of an undeclared build."""
    declared = DeskBuild.objects.values_list("build", flat=True).first()
    if declared is None:
        return {}
    alive = Heartbeat.objects.filter(at__gt=now() - timedelta(minutes=1))
    return dict(alive.exclude(build=declared).values_list("name", "build"))
