"""What must follow a commit is a row that a sweep finds; messages carry ids and nothing else."""

from __future__ import annotations

import ast
import contextlib
import inspect
from uuid import UUID

import pytest
from celery import current_app

from apps.audit.models import AuditEvent
from apps.trading.tasks import work
from tests.architecture.sources import sources

BELL = "apps/core/bell.py"
# Names of what a message may carry: ids, and the name of a process or a schedule.
PLAIN = {"account_id", "bot_id", "name", "self"}


def test_only_the_bell_hangs_on_a_commit() -> None:
    found = [
        f"{source}:{node.lineno}"
        for source in sources()
        if str(source) != BELL
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr == "on_commit"
    ]
    assert found == []


@pytest.mark.django_db
def test_tasks_take_ids_only() -> None:
    """I13: stage, approval, limits, keys and halts are read from PostgreSQL when they are used."""
    current_app.loader.import_default_modules()
    for name, task in current_app.tasks.items():
        if name.startswith("celery."):
            continue
        for parameter in inspect.signature(task.run).parameters.values():
            assert parameter.name in PLAIN or parameter.name.endswith("_id"), f"{name}({parameter})"
            assert parameter.annotation in ("str", "str | None", str), f"{name}({parameter})"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "forged", ["", "x", "'; DROP TABLE orders_order; --", '{"stage": "mainnet"}', str(UUID(int=7))]
)
def test_a_forged_message_does_nothing(forged) -> None:
    with contextlib.suppress(ValueError):
        work(forged)
    assert not AuditEvent.objects.exists()
