"""Signs of life of the desk's processes."""

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
