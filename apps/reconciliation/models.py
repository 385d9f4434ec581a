"""Comparisons of our books with the venue's, and the cases they open."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.core.fields import DeskModel, MoneyField
from apps.marketdata.models import Instrument
from apps.venues.models import VenueAccount

CASE_KINDS = (
    "missing_fill", "unknown_order", "foreign_order", "foreign_fill", "status", "amount",
    "balance", "unprotected", "position", "foreign_position", "fee", "profit", "funding",
    "liquidation", "foreign_cancel", "lost_order",
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


class CaseEvent(models.Model):
    """One thing that happened to a case: found, taken, commented, healed, resolved. Append-only."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    verb = models.CharField(max_length=24)
    text = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.verb} by {self.actor}"


class ComparisonDay(models.Model):
    """What all comparisons of a kind came to on one UTC day: passes themselves are kept one day."""

    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=[(k, k) for k in COMPARISON_KINDS])
    day = models.DateField()
    passes = models.PositiveIntegerField(default=0)
    clean_passes = models.PositiveIntegerField(default=0)
    unreadable = models.PositiveIntegerField(default=0)
    compared = models.PositiveBigIntegerField(default=0)
    equal = models.PositiveBigIntegerField(default=0)
    healed = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-day", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "day"], name="comparison_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day}"


class HistoryMark(models.Model):
    """Up to where an instrument's fills were found equal to the venue's own list."""

    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT, related_name="+")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)
    through = models.DateTimeField(help_text="Market time; every fill before it is verified.")
    fills = models.PositiveBigIntegerField(default=0, help_text="Verified since the beginning.")
    states = models.JSONField(
        default=dict, help_text="Each bot's holding there, drawn from the venue's trades alone."
    )
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "instrument"], name="history_mark_once")
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} through {self.through:%Y-%m-%d %H:%M:%S}"


class ProfitDay(models.Model):
    """One UTC day (market time) of an instrument: our fills, fees and profit beside the venue's."""

    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT, related_name="profit_days")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)
    day = models.DateField()
    fills_desk = models.PositiveIntegerField(default=0)
    fills_venue = models.PositiveIntegerField(default=0)
    fills_equal = models.PositiveIntegerField(default=0)
    profit_desk = MoneyField(default=0, help_text="Realised before fees, quote units.")
    profit_venue = MoneyField(default=0, help_text="The same, drawn from the venue's trades.")
    fees_desk = models.JSONField(default=dict, help_text="Asset → amount.")
    fees_venue = models.JSONField(default=dict, help_text="Asset → amount.")
    checked_at = models.DateTimeField()

    class Meta:
        ordering = ["-day", "instrument_id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "instrument", "day"], name="profit_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.day}"
