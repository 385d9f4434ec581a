"""Orders, their events, the venue's facts and fills."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.bots.models import Bot, BotConfig
from apps.core.fields import DeskModel, MoneyField
from apps.marketdata.models import Instrument
from apps.orders.domain.lifecycle import PURPOSES, STATUSES, TIMES_IN_FORCE, TYPES, UNFINISHED
from apps.risk.models import Restriction, Verdict
from apps.venues.models import VenueAccount


def one_of(field: str, values: tuple[str, ...], name: str) -> models.CheckConstraint:
    """Return a CHECK that `field` holds one of `values`."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": values}), name=name)


class Order(DeskModel):
    """What we decided to do at a venue, committed before a byte leaves."""

    client_order_id = models.CharField(max_length=36, unique=True)
    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT, related_name="orders")
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="orders")
    config = models.ForeignKey(BotConfig, on_delete=models.PROTECT, related_name="+")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    verdict = models.OneToOneField(Verdict, on_delete=models.PROTECT, related_name="order")
    cycle_at = models.DateTimeField(null=True, help_text="scheduled_for of its cycle, market time.")
    halt = models.ForeignKey(Restriction, null=True, on_delete=models.PROTECT, related_name="+")
    replaces = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="replaced_by",
        help_text="Must have ended at the venue before this one is sent.",
    )  # fmt: skip
    purpose = models.CharField(max_length=8)
    side = models.CharField(max_length=4)
    type = models.CharField(max_length=12)
    time_in_force = models.CharField(max_length=3, default="GTC")
    post_only = models.BooleanField(default=False)
    reduce_only = models.BooleanField(default=False)
    amount = MoneyField(help_text="Base units.")
    price = MoneyField(null=True, help_text="Limit price, quote per base.")
    stop_price = MoneyField(null=True, help_text="Trigger price, quote per base.")
    status = models.CharField(max_length=16, default="created")
    status_reason = models.CharField(max_length=200, blank=True)
    venue_order_id = models.CharField(max_length=64, blank=True)
    venue_status = models.CharField(
        max_length=16, blank=True, help_text="The venue's last word, ccxt words."
    )
    venue_filled = MoneyField(default=0, help_text="Filled amount by the venue's last word.")
    filled = MoneyField(default=0, help_text="Sum of fills, base units.")
    cost = MoneyField(default=0, help_text="Sum of fills, quote units.")
    arrival_price = MoneyField(null=True, help_text="Reference price when decided.")
    send_by = models.DateTimeField(help_text="Market time after which it is withdrawn unsent.")
    fence = models.PositiveIntegerField(default=0, help_text="Rises with every claim.")
    decided_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True, help_text="Last time the venue was asked about it.")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-decided_at"]
        indexes = [
            models.Index(
                fields=["account", "status"],
                condition=Q(status__in=UNFINISHED),
                name="order_unfinished",
            ),
            models.Index(
                fields=["bot", "instrument"],
                condition=Q(status__in=UNFINISHED),
                name="order_bot_unfinished",
            ),
            models.Index(fields=["bot", "-decided_at"], name="order_bot_recent"),
            models.Index(fields=["account", "venue_order_id"], name="order_venue_id"),
        ]
        constraints = [
            one_of("purpose", PURPOSES, "order_purpose"),
            one_of("side", ("buy", "sell"), "order_side"),
            one_of("type", TYPES, "order_type"),
            one_of("time_in_force", TIMES_IN_FORCE, "order_time_in_force"),
            one_of("status", STATUSES, "order_status"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="order_amount_positive"),
            models.CheckConstraint(
                condition=Q(price__gt=0) | Q(price=None, type__in=["market", "stop_market"]),
                name="order_price_sane",
            ),
            models.CheckConstraint(
                condition=Q(stop_price__gt=0, type__in=["stop_market", "stop_limit"])
                | Q(stop_price=None, type__in=["market", "limit"]),
                name="order_stop_price_sane",
            ),
            models.CheckConstraint(
                condition=Q(filled__gte=0, cost__gte=0), name="order_progress_sane"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.client_order_id[:8]}"


class OrderEvent(models.Model):
    """One step of an order's life and its cause. Append-only."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
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

    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT)
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
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.client_order_id or self.venue_order_id}"


class Fill(DeskModel):
    """One execution of an order. Append-only."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="fills")
    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT)
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="fills")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)
    venue_order_id = models.CharField(max_length=64)
    venue_trade_id = models.CharField(max_length=64)
    side = models.CharField(max_length=4)
    liquidity = models.CharField(max_length=5, choices=[("maker", "maker"), ("taker", "taker")])
    price = MoneyField()
    amount = MoneyField()
    cost = MoneyField()
    fee = MoneyField()
    fee_asset = models.CharField(max_length=16)
    at = models.DateTimeField(help_text="Market time of the execution.")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["bot", "-at"], name="fill_bot_recent"),
            models.Index(fields=["bot", "instrument", "at"], name="fill_holding"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "instrument", "venue_order_id", "venue_trade_id"],
                name="fill_once",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, price__gt=0, cost__gt=0), name="fill_sane"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.amount.normalize():f} @ {self.price.normalize():f}"
