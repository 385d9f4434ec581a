"""Limits, restrictions and verdicts."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.bots.models import Bot
from apps.core.fields import DeskModel, MoneyField
from apps.marketdata.models import Instrument
from apps.risk.domain.limits import LIMIT_NAMES
from apps.risk.domain.restrictions import RESTRICTION_SCOPES
from apps.venues.models import VenueAccount

LIMIT_SCOPES = ("desk", "account", "bot", "instrument")


class Limit(DeskModel):
    """A limit at one node of the tree desk → account → bot → instrument; the tightest rules."""

    scope_kind = models.CharField(max_length=12, choices=[(s, s) for s in LIMIT_SCOPES])
    scope_id = models.CharField(max_length=64, blank=True, help_text="Empty for the desk.")
    name = models.CharField(max_length=24, choices=[(n, n) for n in LIMIT_NAMES])
    value = MoneyField(help_text="Quote units, count, fraction or seconds, by name.")
    reason = models.TextField(blank=True)
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=120)

    class Meta:
        ordering = ["scope_kind", "scope_id", "name"]
        constraints = [
            models.UniqueConstraint(fields=["scope_kind", "scope_id", "name"], name="limit_once"),
            models.CheckConstraint(condition=Q(value__gte=0), name="limit_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.scope_kind} {self.name} {self.value.normalize():f}"


class Restriction(DeskModel):
    """One "may not": who or what restricted a scope, to what, and why. Lifting closes it."""

    scope_kind = models.CharField(max_length=12, choices=[(s, s) for s in RESTRICTION_SCOPES])
    scope_id = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=8, choices=[("reducing", "reducing"), ("halted", "halted")])
    code = models.CharField(max_length=40, help_text="HALT, NOT_RECONCILED, DAILY_LOSS …")
    reason = models.TextField()
    flatten = models.BooleanField(default=False)
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=120)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=120, blank=True)
    lift_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-set_at"]
        indexes = [
            models.Index(
                fields=["scope_kind", "scope_id"],
                condition=Q(lifted_at=None),
                name="restriction_active",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["scope_kind", "scope_id", "code"],
                condition=Q(lifted_at=None),
                name="restriction_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.scope_kind} {self.scope_id} {self.code}"


class RiskBook(models.Model):
    """A row to lock: exposure of the desk, then of an account, is judged under it."""

    scope_kind = models.CharField(max_length=12)
    scope_id = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope_kind", "scope_id"], name="risk_book_once")
        ]

    def __str__(self) -> str:
        return f"{self.scope_kind} {self.scope_id}"


class DeskBuild(models.Model):
    """The one build whose processes may send entries; declared when the database is migrated."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    build = models.CharField(max_length=40)
    declared_at = models.DateTimeField()
    declared_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="desk_build_one_row")]

    def __str__(self) -> str:
        return self.build


class Verdict(DeskModel):
    """The judgement of one proposed order. Every order has one; a denied proposal is one."""

    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT)
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="verdicts")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)
    cycle_at = models.DateTimeField(
        null=True, help_text="scheduled_for of the cycle that proposed it."
    )
    is_allowed = models.BooleanField()
    codes = models.JSONField(
        default=list, help_text='Refusals: [{"code": …, "limit": …, "value": …}]'
    )
    proposal = models.JSONField(help_text="purpose, side, type, amount, price …")
    reservation_price = MoneyField(null=True)
    reserved_cost = MoneyField(default=0)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["bot", "-at"], name="verdict_bot")]

    def __str__(self) -> str:
        return f"{'allowed' if self.is_allowed else 'denied'} {self.bot_id}"
