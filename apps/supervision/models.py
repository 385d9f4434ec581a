"""How each halt went, account by account."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.core.fields import DeskModel
from apps.risk.models import Restriction
from apps.venues.models import VenueAccount


class HaltRun(DeskModel):
    """One account's part of a halt: barrier, cancels, and the venue shown to hold none of ours."""

    restriction = models.ForeignKey(Restriction, on_delete=models.PROTECT, related_name="runs")
    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT)
    requested_at = models.DateTimeField()
    barrier_at = models.DateTimeField(null=True, help_text="No send was in flight any more.")
    canceled = models.PositiveIntegerField(default=0)
    remaining = models.PositiveIntegerField(default=0)
    verified_at = models.DateTimeField(null=True, help_text="The venue shows none of ours left.")
    flattened_at = models.DateTimeField(null=True, help_text="All positions in scope were flat.")
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, help_text="Null: at once.")
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(fields=["restriction", "account"], name="halt_run_once")
        ]
        indexes = [
            models.Index(
                fields=["requested_at"], condition=Q(verified_at=None), name="halt_run_unfinished"
            )
        ]

    def __str__(self) -> str:
        return f"{self.restriction_id} {self.account_id}"
