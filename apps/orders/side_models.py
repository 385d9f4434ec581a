"""What is kept beside orders: steps, venue ids, quality, what crossed the wire, claim counters."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.bots.models import Bot
from apps.core.fields import DeskModel, MoneyField
from apps.marketdata.models import Instrument
from apps.venues.models import VenueAccount


class OrderQuality(models.Model):
    """How well an order was executed; written when it ends. Slippage is positive when worse."""

    order = models.OneToOneField(
        "orders.Order", on_delete=models.PROTECT, primary_key=True, related_name="quality"
    )
    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT)
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT)
    ended_at = models.DateTimeField(help_text="Real time.")
    status = models.CharField(max_length=16)
    arrival_price = MoneyField(null=True)
    average_price = MoneyField(null=True)
    slippage_bps = models.FloatField(null=True, help_text="Against the arrival price.")
    submit_ms = models.FloatField(null=True, help_text="Decision to submission.")
    acknowledge_ms = models.FloatField(null=True, help_text="Submission to acknowledgement.")
    fill_ms = models.FloatField(null=True, help_text="Submission to the first fill.")
    fill_ratio = models.FloatField(help_text="Filled part of the amount, 0 to 1.")
    maker_share = models.FloatField(null=True, help_text="Part of the cost filled as maker.")
    fee_bps = models.FloatField(null=True, help_text="Fees in quote value against cost.")
    filled = MoneyField(default=0, db_default=0, help_text="Base units that this row measured.")

    class Meta:
        ordering = ["-ended_at"]
        indexes = [
            models.Index(fields=["bot", "-ended_at"], name="order_quality_bot"),
            models.Index(fields=["account", "-ended_at"], name="order_quality_account"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.slippage_bps}"


class QualityWatch(models.Model):
    """How a bot's execution stands against one threshold; it changes with hysteresis."""

    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="quality_watches")
    measure = models.CharField(max_length=24)
    level = models.CharField(
        max_length=8, choices=[(k, k) for k in ("ok", "warning", "reducing")], default="ok"
    )
    value = models.FloatField(null=True)
    sample = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(help_text="Real time.")

    class Meta:
        ordering = ["bot", "measure"]
        constraints = [
            models.UniqueConstraint(fields=["bot", "measure"], name="quality_watch_once")
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.level}"


class WireCall(DeskModel):
    """A request about an order and its answer as they crossed the wire, secrets removed."""

    account = models.ForeignKey(
        VenueAccount, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    order = models.ForeignKey(
        "orders.Order",
        null=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="wire_calls",
        db_constraint=False,
    )
    verb = models.CharField(max_length=12, help_text="create, cancel, edit, query, group")
    method = models.CharField(max_length=8)
    url = models.CharField(max_length=300)
    request = models.TextField(blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(blank=True)
    error = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    duration_ms = models.FloatField()

    class Meta:
        ordering = ["at"]
        indexes = [models.Index(fields=["order", "at"], name="wire_call_order")]

    def __str__(self) -> str:
        return f"{self.verb} {self.method} {self.status}"


class SendFence(models.Model):
    """An account's claim counter: each claim takes the next number, which only rises."""

    account = models.OneToOneField(
        VenueAccount, on_delete=models.PROTECT, primary_key=True, related_name="send_fence"
    )
    fence = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.account_id} {self.fence}"


class VenueOrderId(models.Model):
    """One id by which a venue knows an order; a conditional order spawns a second one."""

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="venue_ids")
    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)
    venue_order_id = models.CharField(max_length=64)
    kind = models.CharField(
        max_length=9, choices=[(k, k) for k in ("placed", "triggered")], default="placed"
    )
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "instrument", "venue_order_id"], name="venue_order_id_once"
            )
        ]

    def __str__(self) -> str:
        return self.venue_order_id


class OrderEvent(models.Model):
    """One step of an order's life and its cause. Append-only."""

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    before = models.CharField(max_length=16, blank=True)
    after = models.CharField(max_length=16)
    cause = models.CharField(max_length=64)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


class VenueFact(models.Model):
    """What the venue said, as it came (normalised), waiting for `portfolio.absorb`."""

    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT, db_index=False)
    kind = models.CharField(max_length=8, choices=[("order", "order"), ("fill", "fill")])
    source = models.CharField(max_length=10, help_text="answer, stream, poll, sweep, reconcile")
    client_order_id = models.CharField(max_length=64, blank=True)
    venue_order_id = models.CharField(max_length=64, blank=True)
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    absorbed_at = models.DateTimeField(null=True)
    result = models.CharField(
        max_length=40, blank=True, help_text="applied, known, foreign, waiting …"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "digest"], name="venue_fact_once")
        ]
        indexes = [
            models.Index(
                fields=["account", "id"], condition=Q(absorbed_at=None), name="venue_fact_waiting"
            ),
            models.Index(
                fields=["account", "venue_order_id"],
                condition=Q(result="foreign"),
                name="venue_fact_foreign",
            ),
            models.Index(
                fields=["client_order_id"],
                condition=~Q(client_order_id=""),
                name="venue_fact_of_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.client_order_id or self.venue_order_id}"
