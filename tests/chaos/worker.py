"""A trading worker that fails where it is told to: Celery's own, with functions wrapped from outside.

The desk's code has no hooks. Before Celery starts, each crash point's function is replaced by one
that looks whether the plan (a file named by CHAOS_PLAN) wants a failure there; taking the plan
removes it, so it strikes once.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import signal
import sys
import time
from functools import wraps
from pathlib import Path

import django
import psycopg

from tests.chaos.points import POINTS, Point
from tradingdesk.supervisor.parentage import die_with_parent

PLAN = Path(os.environ["CHAOS_PLAN"])
counts: dict[str, int] = {}


def wanted(point: Point) -> dict | None:
    """Return the plan when it names this point and this is the call it wants."""
    try:
        plan = json.loads(PLAN.read_text())
    except (OSError, ValueError):
        return None
    if plan["point"] != point.name:
        return None
    key = f"{plan['run']}"
    counts[key] = counts.get(key, 0) + 1
    if counts[key] < point.nth:
        return None
    try:
        PLAN.rename(PLAN.with_suffix(".taken"))
    except OSError:
        return None
    return plan


def strike(plan: dict) -> None:
    """End this process (and its worker), or cut all its database connections."""
    PLAN.with_suffix(".struck").write_text(
        json.dumps(plan | {"at": time.time(), "pid": os.getpid()})
    )
    if plan["kind"] == "cut connection":
        mine = os.environ["PGAPPNAME"]
        with psycopg.connect(
            os.environ["DATABASE_URL"], application_name="chaos-cut", autocommit=True
        ) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
                " WHERE application_name = %s AND datname = current_database()",
                [mine],
            )
        return
    number = getattr(signal, plan["kind"])
    if plan["whole"]:
        os.kill(os.getppid(), number)
    os.kill(os.getpid(), number)


def counts_for(point: Point, arguments: tuple, result: object) -> bool:
    if point.only == "order":
        response = arguments[0]
        return response.method == "POST" and response.url.path.endswith("/order")
    if point.only == "news":
        return bool(getattr(result, "facts", result))
    return True


def doomed(point: Point, genuine):
    """Return `genuine` with the failure of `point` before or after it."""

    def before(arguments):
        if point.when == "before" and counts_for(point, arguments, None) and (p := wanted(point)):
            strike(p)

    def after(arguments, result):
        if point.when == "after" and counts_for(point, arguments, result) and (p := wanted(point)):
            strike(p)

    if inspect.iscoroutinefunction(genuine):

        @wraps(genuine)
        async def waiting(*arguments, **named):
            before(arguments)
            result = await genuine(*arguments, **named)
            after(arguments, result)
            return result

        return waiting

    @wraps(genuine)
    def plain(*arguments, **named):
        before(arguments)
        result = genuine(*arguments, **named)
        after(arguments, result)
        return result

    return plain


def main() -> None:
    die_with_parent()
    django.setup()
    for point in POINTS:
        module, _, path = point.target.partition(":")
        place = importlib.import_module(module)
        *owners, name = path.split(".")
        for owner in owners:
            place = getattr(place, owner)
        setattr(place, name, doomed(point, getattr(place, name)))
    from tradingdesk.celery import app

    app.worker_main(
        ["worker", "-Q", "trading", "-c", "2", "-n", f"chaos{os.getpid()}@%h",
         "--without-gossip", "--without-mingle", "-l", "WARNING"]
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
