"""Bots, their config versions, runs, targets and cycles."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.approvals.models import ChangeRequest
from apps.bots.domain.lifecycle import STATES
from apps.bots.domain.stages import STAGES
from apps.core.fields import DeskModel, MoneyField
from apps.marketdata.models import Instrument
from apps.strategies.models import StrategyVersion
from apps.venues.models import VenueAccount


class Bot(DeskModel):
    """A named trader on one venue account. State and stage move by actions only."""

    slug = models.SlugField(max_length=48, unique=True)
    name = models.CharField(max_length=80)
    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT, related_name="bots")
    state = models.CharField(max_length=8, choices=[(s, s) for s in STATES], default="draft")
    state_reason = models.TextField(blank=True)
    state_since = models.DateTimeField()
    stage = models.CharField(max_length=16, choices=[(s, s) for s in STAGES], default="paper")
    stage_since = models.DateTimeField(help_text="Market time.")
    stage_request = models.ForeignKey(
        ChangeRequest, null=True, on_delete=models.PROTECT, related_name="+",
        help_text="The approved request behind the present stage.",
    )  # fmt: skip
    config = models.ForeignKey(
        "bots.BotConfig", null=True, on_delete=models.PROTECT, related_name="+",
        help_text="The config version that runs.",
    )  # fmt: skip
    stop_when = models.CharField(
        max_length=8, blank=True, default="", db_default="", choices=[("flat", "flat")],
        help_text="A paused bot that stops once it holds nothing.",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["slug"]
        indexes = [
            models.Index(
                fields=["account"], condition=Q(state__in=["running", "paused"]), name="bot_active"
            )
        ]

    def __str__(self) -> str:
        return self.slug


class BotConfig(DeskModel):
    """An immutable config version: strategy version, parameters, instruments, sizing, protection."""

    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="configs")
    number = models.PositiveIntegerField()
    strategy_version = models.ForeignKey(StrategyVersion, on_delete=models.PROTECT)
    timeframe = models.CharField(max_length=3)
    parameters = models.JSONField()
    sizing = models.JSONField(help_text='{"mode": "fixed_cost", "cost": "100"} …')
    protection = models.JSONField(help_text='{"stop_loss": "0.05"}: fraction of the entry price.')
    execution = models.JSONField(
        default=dict, db_default={}, help_text='{"slippage_bps": "50"} …; absent means default.'
    )
    content_hash = models.CharField(max_length=64)
    reason = models.TextField(blank=True)
    created_by = models.CharField(max_length=64, help_text="User id, as text.")
    created_by_name = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["bot", "number"], name="bot_config_number")]

    def __str__(self) -> str:
        return f"{self.bot_id} v{self.number}"


class BotConfigInstrument(models.Model):
    """An instrument that a config version trades."""

    config = models.ForeignKey(BotConfig, on_delete=models.PROTECT, related_name="instruments")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["config", "instrument"], name="config_instrument_once")
        ]

    def __str__(self) -> str:
        return f"{self.config_id} {self.instrument_id}"


class BotRun(DeskModel):
    """From one start to the stop after it."""

    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="runs")
    config = models.ForeignKey(BotConfig, on_delete=models.PROTECT)
    started_at = models.DateTimeField()
    started_by = models.CharField(max_length=120)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=120, blank=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.bot_id} {self.started_at:%Y-%m-%d %H:%M}"


class BotTarget(models.Model):
    """What a bot last wanted of an instrument: the platform's memory between cycles."""

    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="targets")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)
    exposure = models.FloatField(help_text="The strategy's last opinion, -1 to 1.")
    target_amount = MoneyField(help_text="Base units, sized when the exposure changed.")
    stopped_out = models.BooleanField(default=False)
    changed_at = models.DateTimeField(help_text="Market time.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bot", "instrument"], name="bot_target_once")
        ]

    def __str__(self) -> str:
        return f"{self.bot_id} {self.exposure}"


class Cycle(models.Model):
    """One decision of one bot at one candle close: seen, wanted, refused and why.

    The table is partitioned by day with a default partition (migration 0002).
    """

    pk = models.CompositePrimaryKey("bot_id", "scheduled_for")
    bot = models.ForeignKey(Bot, on_delete=models.DO_NOTHING, db_constraint=False)
    scheduled_for = models.DateTimeField(help_text="Market time of the candle close.")
    config = models.ForeignKey(BotConfig, on_delete=models.DO_NOTHING, db_constraint=False)
    status = models.CharField(max_length=8, help_text="open, done, failed")
    outcome = models.CharField(
        max_length=48, blank=True, help_text="HOLD, ORDERED, REFUSED, FAILED …"
    )
    seen = models.JSONField(null=True, help_text="Per symbol: close, data age, held, exposure.")
    wanted = models.JSONField(
        null=True, help_text="Per symbol: exposure, target, delta, action, codes."
    )
    codes = models.JSONField(null=True, help_text="Refusal and error codes, each with its values.")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "bots_cycle"

    def __str__(self) -> str:
        return f"{self.bot_id} {self.scheduled_for}"
