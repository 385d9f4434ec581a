"""Instruments, candles, quotes and the market's clock."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.core.fields import MoneyField


class Instrument(models.Model):
    """A tradable pair at one venue and environment, with the venue's rules."""

    id = models.AutoField(primary_key=True)
    venue = models.CharField(max_length=24)
    environment = models.CharField(max_length=12)
    symbol = models.CharField(max_length=40, help_text="ccxt symbol: BTC/USDT")
    kind = models.CharField(
        max_length=8, default="spot", choices=[("spot", "spot"), ("linear", "linear")]
    )
    base = models.CharField(max_length=16)
    quote = models.CharField(max_length=16)
    price_tick = MoneyField()
    amount_step = MoneyField()
    amount_min = MoneyField()
    cost_min = MoneyField()
    stop_orders_max = models.PositiveSmallIntegerField(default=5)
    settle = models.CharField(
        max_length=16, blank=True, default="", db_default="", help_text="Perpetuals: paid in."
    )
    contract_size = MoneyField(default=1, db_default=1, help_text="Base units of one contract.")
    leverage_max = MoneyField(null=True)
    maintenance_rate = MoneyField(null=True, help_text="Fraction of value kept as margin.")
    is_tradable = models.BooleanField(default=True)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["venue", "environment", "symbol"]
        constraints = [
            models.UniqueConstraint(
                fields=["venue", "environment", "symbol"], name="instrument_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    price_tick__gt=0, amount_step__gt=0, amount_min__gte=0, cost_min__gte=0
                ),
                name="instrument_rules_sane",
            ),
        ]

    def __str__(self) -> str:
        return self.symbol


class Candle(models.Model):
    """One closed candle; the table is partitioned by year (see migration 0002)."""

    pk = models.CompositePrimaryKey("instrument_id", "timeframe", "ts")
    instrument = models.ForeignKey(Instrument, on_delete=models.DO_NOTHING, db_constraint=False)
    timeframe = models.CharField(max_length=3)
    ts = models.BigIntegerField(help_text="Open time, epoch ms.")
    open = models.FloatField()
    high = models.FloatField()
    low = models.FloatField()
    close = models.FloatField()
    volume = models.FloatField(help_text="Base units.")
    observed_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "marketdata_candle"

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.timeframe} {self.ts}"


class Quote(models.Model):
    """The latest best bid, ask and last price of an instrument."""

    instrument = models.OneToOneField(
        Instrument, on_delete=models.CASCADE, primary_key=True, related_name="latest"
    )
    bid = MoneyField(null=True)
    ask = MoneyField(null=True)
    last = MoneyField()
    mark = MoneyField(null=True, help_text="Perpetuals: the venue's mark price.")
    funding_rate = MoneyField(null=True, help_text="Of the coming funding, a fraction.")
    next_funding_at = models.DateTimeField(null=True, help_text="Market time.")
    source_venue = models.CharField(
        max_length=24, blank=True, default="", db_default="",
        help_text="Set when the price comes from another venue: no ground for entries.",
    )  # fmt: skip
    at = models.DateTimeField(help_text="Market time of the venue's event.")
    observed_at = models.DateTimeField(help_text="Real time we stored it.")

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.last}"


class MarketClock(models.Model):
    """The market's virtual time; no row means market time is real time."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    now = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="market_clock_single")]

    def __str__(self) -> str:
        return self.now.isoformat()


class CandleImport(models.Model):
    """One file or backfill that was imported: what came in and what was odd about it."""

    source = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64, blank=True)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)
    timeframe = models.CharField(max_length=3)
    rows = models.PositiveIntegerField(default=0)
    new_rows = models.PositiveIntegerField(default=0)
    first_ts = models.BigIntegerField(null=True)
    last_ts = models.BigIntegerField(null=True)
    report = models.JSONField(default=dict, help_text="gaps, duplicates, broken bars")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.source
