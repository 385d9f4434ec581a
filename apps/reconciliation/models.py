"""Comparisons of our books with the venue's, and the cases they open."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.core.fields import DeskModel
from apps.venues.models import VenueAccount

CASE_KINDS = (
    "missing_fill", "unknown_order", "foreign_order", "foreign_fill", "status", "amount",
    "balance", "unprotected", "position", "foreign_position", "fee", "profit", "funding",
    "liquidation",
)  # fmt: skip


COMPARISON_KINDS = ("orders", "balances", "positions", "history")


class Comparison(DeskModel):
    """One pass over an account's orders, positions or balances."""

    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT, related_name="comparisons")
    kind = models.CharField(max_length=10, choices=[(k, k) for k in COMPARISON_KINDS])
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    market_at = models.DateTimeField(
        null=True, help_text="Market time up to which fills were compared."
    )
    is_clean = models.BooleanField(
        default=False, help_text="Nothing differed and nothing was in doubt."
    )
    compared = models.PositiveIntegerField(default=0)
    equal = models.PositiveIntegerField(default=0)
    healed = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-started_at"]
        indexes = [
            models.Index(fields=["account", "kind", "-started_at"], name="comparison_recent")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at:%H:%M:%S}"


class Case(DeskModel):
    """A difference between our books and the venue's, followed to its end."""

    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT, related_name="cases")
    kind = models.CharField(max_length=16, choices=[(k, k) for k in CASE_KINDS])
    severity = models.CharField(
        max_length=8, choices=[(s, s) for s in ("info", "warning", "critical")]
    )
    subject = models.CharField(
        max_length=100, help_text="Order id, asset or instrument: what differs."
    )
    state = models.CharField(
        max_length=8, default="open", choices=[(s, s) for s in ("open", "healed", "resolved")]
    )
    book = models.JSONField(default=dict, help_text="What we hold true.")
    venue = models.JSONField(default=dict, help_text="What the venue says.")
    cause = models.CharField(max_length=200, blank=True)
    owner = models.CharField(max_length=120, blank=True, default="", db_default="")
    evidence = models.JSONField(default=list, help_text="What was seen, when, and from where.")
    proposed_fix = models.JSONField(
        default=dict, help_text='{"verb": …, "now": …, "after": …}: what would end it.'
    )
    resolved_by = models.CharField(max_length=120, blank=True, default="", db_default="")
    change_request_id = models.UUIDField(null=True)
    resolution = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "subject"],
                condition=Q(state="open"),
                name="case_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
