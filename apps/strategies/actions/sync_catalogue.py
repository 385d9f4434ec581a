"""Write the catalogue down: a row a strategy, a row a version of its source."""

from __future__ import annotations

from django.db import transaction

from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.clock import now
from apps.strategies.domain.parameters import schema
from apps.strategies.domain.registry import CATALOGUE
from apps.strategies.gateways.source_code import source_hash
from apps.strategies.models import Strategy, StrategyVersion

ACTOR = Actor.task("strategies sync")


def sync_catalogue(*, actor: Actor = ACTOR) -> list[StrategyVersion]:
    """Make rows for every strategy and for the version that runs; return the new versions."""
    new: list[StrategyVersion] = []
    with transaction.atomic(), acting(actor=actor, verb="strategies.sync"):
        for name, strategy in CATALOGUE.items():
            words = {"title": strategy.title, "description": strategy.description}
            row, _ = Strategy.objects.get_or_create(name=name, defaults=words)
            if (row.title, row.description) != (strategy.title, strategy.description):
                Strategy.objects.filter(pk=row.pk).update(**words)
            version, made = StrategyVersion.objects.get_or_create(
                strategy=row,
                source_hash=source_hash(name),
                defaults={
                    "version": strategy.version, "schema": schema(strategy), "created_at": now(),
                },
            )  # fmt: skip
            if made:
                new.append(version)
    return new
