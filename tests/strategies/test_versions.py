"""A version is the hash of what runs; the catalogue is written down once."""

from __future__ import annotations

import io

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction

from apps.audit.models import AuditEvent
from apps.core.errors import DeskError
from apps.strategies.actions.sync_catalogue import sync_catalogue
from apps.strategies.domain.registry import CATALOGUE
from apps.strategies.gateways import source_code
from apps.strategies.models import Strategy, StrategyVersion
from apps.strategies.queries import running_version


def test_the_hash_covers_what_the_strategy_imports() -> None:
    found: dict[str, str] = {}
    source_code._collect("apps.strategies.domain.catalogue.ema_trend", found)
    assert sorted(name.rsplit(".", 1)[1] for name in found) == [
        "base",
        "ema_trend",
        "parameters",
        "windows",
    ]
    hashes = {source_code.source_hash(name) for name in CATALOGUE}
    assert len(hashes) == len(CATALOGUE)


@pytest.mark.django_db
def test_syncing_twice_makes_one_version() -> None:
    assert len(sync_catalogue()) == len(CATALOGUE)
    assert sync_catalogue() == []
    assert StrategyVersion.objects.count() == Strategy.objects.count() == len(CATALOGUE)
    assert set(AuditEvent.objects.values_list("verb", flat=True)) == {"strategies.sync"}


@pytest.mark.django_db
def test_a_new_title_is_taken_over_and_a_version_never_changes(
    owner_connection: psycopg.Connection,
) -> None:
    sync_catalogue()
    Strategy.objects.update(title="Old")
    sync_catalogue()
    assert not Strategy.objects.filter(title="Old").exists()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        StrategyVersion.objects.update(version="9")
    with pytest.raises(psycopg.Error, match="APPEND_ONLY"):
        owner_connection.execute("UPDATE strategies_strategyversion SET version = '9'")


@pytest.mark.django_db
def test_a_strategy_without_its_row_is_refused_by_name() -> None:
    with pytest.raises(DeskError, match="STRATEGY_NOT_SYNCED"):
        running_version("sma_cross")
    output = io.StringIO()
    call_command("strategies", "sync", stdout=output)
    assert output.getvalue().endswith(f"{len(CATALOGUE)} new versions\n")
    assert running_version("sma_cross").schema["properties"]["fast"]["default"] == 10
