"""Signs of life of the desk's processes, and what its own checks found."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """The last sign of life of a process (`worker-trading`, `feed`, `control` …)."""

    name = models.CharField(max_length=48, primary_key=True)
    pid = models.PositiveIntegerField()
    build = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Finding(models.Model):
    """A check of the desk's own that found something, from when to when; open while it lasts."""

    name = models.CharField(max_length=80, help_text="The invariant, or the kind of doubt.")
    words = models.CharField(max_length=200)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    rows = models.PositiveIntegerField(help_text="How many rows break it, by the last look.")
    sample = models.JSONField(default=list, help_text="Up to ten of them.")
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-last_seen_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(resolved_at=None), name="finding_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.rows}"
