"""Gates as measured: evidence for a change request."""

from __future__ import annotations

from django.db import models

from apps.approvals.models import ChangeRequest
from apps.bots.models import Bot
from apps.core.fields import DeskModel


class GateCheck(DeskModel):
    """One measurement of one gate. Append-only; no data is inconclusive, which never passes."""

    request = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="gate_checks")
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="gate_checks")
    moment = models.CharField(max_length=8, choices=[(m, m) for m in ("request", "vote", "apply")])
    gate = models.CharField(max_length=40)
    result = models.CharField(
        max_length=12, choices=[(r, r) for r in ("pass", "fail", "inconclusive")]
    )
    measured = models.CharField(max_length=80, blank=True)
    threshold = models.CharField(max_length=80)
    sample = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "gate"]

    def __str__(self) -> str:
        return f"{self.gate} {self.result}"
