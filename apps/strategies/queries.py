"""Reads of the catalogue."""

from __future__ import annotations

from apps.core.errors import NotFound
from apps.strategies.domain.registry import strategy_named
from apps.strategies.gateways.source_code import source_hash
from apps.strategies.models import StrategyVersion


def running_version(name: str) -> StrategyVersion:
    """Return the row of the version of `name` that this code is.

    :raises NotFound: `UNKNOWN_STRATEGY`, or `STRATEGY_NOT_SYNCED` before `manage.py strategies sync`.
    """
    strategy_named(name)
    version = (
        StrategyVersion.objects.select_related("strategy")
        .filter(strategy__name=name, source_hash=source_hash(name))
        .first()
    )
    if version is None:
        raise NotFound("STRATEGY_NOT_SYNCED", field="strategy", value=name)
    return version
