"""The catalogue as rows: strategies and their pinned versions."""

from __future__ import annotations

from django.db import models


class Strategy(models.Model):
    """A strategy of the catalogue."""

    name = models.SlugField(max_length=48, unique=True)
    title = models.CharField(max_length=80)
    description = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "strategies"

    def __str__(self) -> str:
        return self.title


class StrategyVersion(models.Model):
    """One exact source and parameter schema; a bot's config pins it."""

    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="versions")
    version = models.CharField(max_length=16)
    source_hash = models.CharField(max_length=64)
    schema = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["strategy", "source_hash"], name="strategy_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.strategy_id} {self.version} {self.source_hash[:8]}"
