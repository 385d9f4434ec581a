"""Orders, their events, the venue's facts and fills."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.bots.models import Bot, BotConfig
from apps.core.fields import DeskModel, MoneyField
from apps.marketdata.models import Instrument
from apps.orders.domain.lifecycle import (
    GROUP_KINDS,
    GROUP_STEPS,
    ORIGINS,
    POSITION_SIDES,
    PRICED,
    PURPOSES,
    STATUSES,
    TIMES_IN_FORCE,
    TRIGGERED,
    TYPES,
    UNFINISHED,
)
from apps.orders.side_models import (
    OrderEvent,
    OrderQuality,
    QualityWatch,
    SendFence,
    VenueFact,
    VenueOrderId,
    WireCall,
)
from apps.risk.models import Restriction, Verdict
from apps.venues.models import VenueAccount

__all__ = [
    "Fill", "Order", "OrderEvent", "OrderGroup", "OrderQuality", "QualityWatch", "SendFence",
    "VenueFact", "VenueOrderId", "WireCall",
]  # fmt: skip


def one_of(field: str, values: tuple[str, ...], name: str) -> models.CheckConstraint:
    """Return a CHECK that `field` holds one of `values`."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": values}), name=name)


class OrderGroup(DeskModel):
    """Orders that belong together and share one remaining amount: an OCO pair or a bracket."""

    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT, related_name="order_groups")
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="order_groups")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8)
    state = models.CharField(max_length=8, default="open")
    is_native = models.BooleanField(default=False, help_text="The venue itself ties the legs.")
    venue_list_id = models.CharField(max_length=64, blank=True)
    side = models.CharField(
        max_length=4, blank=True, default="", db_default="", help_text="Of its exits."
    )
    terms = models.JSONField(
        default=dict, db_default={},
        help_text="Of its exits, as text: stop_price, target_price, trailing_rate.",
    )  # fmt: skip
    requested_by = models.CharField(max_length=120, blank=True)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            one_of("kind", GROUP_KINDS, "order_group_kind"),
            one_of("state", tuple(GROUP_STEPS), "order_group_state"),
            models.UniqueConstraint(
                fields=["bot", "instrument"], condition=Q(state="open"), name="order_group_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {str(self.id)[:8]}"


class Order(DeskModel):
    """What we decided to do at a venue, committed before a byte leaves."""

    client_order_id = models.CharField(max_length=36, unique=True)
    # each index is written three times an order: none that another one covers, none of empty cells
    account = models.ForeignKey(
        VenueAccount, on_delete=models.PROTECT, related_name="orders", db_index=False
    )
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="orders", db_index=False)
    config = models.ForeignKey(
        BotConfig, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    verdict = models.OneToOneField(Verdict, on_delete=models.PROTECT, related_name="order")
    cycle_at = models.DateTimeField(null=True, help_text="scheduled_for of its cycle, market time.")
    halt = models.ForeignKey(
        Restriction, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    replaces = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="replaced_by", db_index=False,
        help_text="Must have ended at the venue before this one is sent.",
    )  # fmt: skip
    is_amendment = models.BooleanField(
        default=False, db_default=False, help_text="`replaces` with new terms."
    )
    group = models.ForeignKey(
        OrderGroup, null=True, on_delete=models.PROTECT, related_name="orders", db_index=False
    )  # fmt: skip
    origin = models.CharField(max_length=8, default="cycle", db_default="cycle")
    requested_by = models.CharField(max_length=120, blank=True, default="", db_default="")
    reason = models.TextField(blank=True, default="", db_default="")
    purpose = models.CharField(max_length=8)
    side = models.CharField(max_length=4)
    type = models.CharField(max_length=24)
    time_in_force = models.CharField(max_length=3, default="GTC")
    post_only = models.BooleanField(default=False)
    reduce_only = models.BooleanField(default=False)
    amount = MoneyField(help_text="Base units.")
    price = MoneyField(null=True, help_text="Limit price, quote per base.")
    stop_price = MoneyField(null=True, help_text="Trigger price, quote per base.")
    trailing_rate = MoneyField(
        null=True, help_text="Trailing stop: distance as a fraction of price."
    )
    worst_price = MoneyField(
        null=True, help_text="Slippage guard: the worst acceptable price of a market order."
    )
    expires_at = models.DateTimeField(null=True, help_text="GTD: market time of its end.")
    tend_at = models.DateTimeField(
        null=True, help_text="Market time when an unfilled order is looked after."
    )
    replaced_filled = MoneyField(
        default=0, db_default=0, help_text="What `replaces` had filled when this was recorded."
    )
    position_side = models.CharField(
        max_length=5, blank=True, default="", db_default="", help_text="Hedge mode: long or short."
    )
    scheduled = models.CharField(
        max_length=120, blank=True, default="", db_default="",
        help_text="What its client order id names as its origin.",
    )  # fmt: skip
    leg = models.CharField(max_length=120, blank=True, default="", db_default="")
    attempt = models.PositiveSmallIntegerField(default=0, db_default=0)
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
    first_fill_at = models.DateTimeField(null=True, help_text="Real time the first fill was heard.")
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
            models.Index(
                fields=["bot", "instrument", "-ended_at"],
                condition=Q(ended_at__isnull=False),
                name="order_bot_ended",
            ),
            models.Index(
                fields=["account", "-ended_at"],
                condition=Q(ended_at__isnull=False),
                name="order_account_ended",
            ),
            *(
                models.Index(
                    fields=[name], condition=Q(**{f"{name}__isnull": False}), name=f"order_{name}"
                )
                for name in ("halt", "replaces", "group")
            ),
        ]
        constraints = [
            one_of("purpose", PURPOSES, "order_purpose"),
            one_of("side", ("buy", "sell"), "order_side"),
            one_of("type", TYPES, "order_type"),
            one_of("time_in_force", TIMES_IN_FORCE, "order_time_in_force"),
            one_of("status", STATUSES, "order_status"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="order_amount_positive"),
            models.CheckConstraint(
                condition=Q(price__gt=0, type__in=sorted(PRICED))
                | (Q(price=None) & ~Q(type__in=sorted(PRICED))),
                name="order_price_sane",
            ),
            models.CheckConstraint(
                condition=Q(stop_price__gt=0, type__in=sorted(TRIGGERED))
                | Q(stop_price=None, type__in=["market", "limit", "trailing_stop_market"]),
                name="order_stop_price_sane",
            ),
            models.CheckConstraint(
                condition=Q(trailing_rate__gt=0, trailing_rate__lt=1, type="trailing_stop_market")
                | (Q(trailing_rate=None) & ~Q(type="trailing_stop_market")),
                name="order_trailing_sane",
            ),
            models.CheckConstraint(
                condition=Q(time_in_force="GTD", expires_at__isnull=False)
                | (~Q(time_in_force="GTD") & Q(expires_at=None)),
                name="order_expiry_sane",
            ),
            models.CheckConstraint(
                condition=Q(worst_price=None) | Q(worst_price__gt=0), name="order_worst_price_sane"
            ),
            one_of("position_side", POSITION_SIDES, "order_position_side"),
            one_of("origin", ORIGINS, "order_origin"),
            models.CheckConstraint(
                condition=Q(filled__gte=0, cost__gte=0), name="order_progress_sane"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.client_order_id[:8]}"


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
    realised = MoneyField(
        null=True, help_text="Perpetuals: profit the venue booked for it, settle units."
    )
    is_liquidation = models.BooleanField(
        default=False, db_default=False, help_text="Liquidation or auto-deleverage."
    )
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
