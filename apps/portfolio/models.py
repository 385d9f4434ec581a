"""Positions, round trips and the double-entry ledger: all written by `absorb` alone."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.bots.models import Bot
from apps.core.fields import DeskModel, MoneyField
from apps.marketdata.models import Instrument
from apps.orders.models import Fill
from apps.venues.models import VenueAccount

BOOKS = ("venue", "trading", "fees", "transfers", "funding")


class Position(DeskModel):
    """What one bot holds of one instrument. Derived: it can be rebuilt from fills."""

    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT, related_name="positions")
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="positions")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)
    amount = MoneyField(default=0, help_text="Base units; below the amount step it counts as flat.")
    basis = MoneyField(default=0, help_text="Cost of what is held, quote units.")
    realised_profit = MoneyField(default=0, help_text="Quote units, before fees.")
    fees = MoneyField(default=0, help_text="Quote value of all fees.")
    funding = MoneyField(
        default=0, db_default=0, help_text="Sum of its funding shares, negative when paid."
    )
    opened_at = models.DateTimeField(null=True, help_text="Market time; null while flat.")
    round_trips = models.PositiveIntegerField(default=0)
    last_fill_at = models.DateTimeField(
        null=True, help_text="Market time of the latest fill in it."
    )
    trip_profit = MoneyField(default=0, help_text="Of the open round trip, before fees.")
    trip_fees = MoneyField(default=0)
    trip_entry_cost = MoneyField(default=0, help_text="What opened it, quote units.")
    trip_exit_cost = MoneyField(default=0, help_text="What closed of it, quote units.")
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bot", "instrument"], name="position_once")]

    def __str__(self) -> str:
        return f"{self.bot_id} {self.amount.normalize():f}"


class VenuePosition(models.Model):
    """A perpetual's position by the venue's last word: the witness, not the book."""

    account = models.ForeignKey(
        VenueAccount, on_delete=models.PROTECT, related_name="venue_positions"
    )
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)
    side = models.CharField(
        max_length=5, blank=True, default="", help_text="Hedge mode: long or short."
    )
    amount = MoneyField(help_text="Base units, negative when short.")
    entry_price = MoneyField(null=True)
    mark_price = MoneyField(null=True)
    liquidation_price = MoneyField(null=True)
    unrealised = MoneyField(default=0, help_text="Settle units.")
    leverage = MoneyField(null=True)
    margin_mode = models.CharField(max_length=8, blank=True)
    margin = MoneyField(null=True, help_text="Settle units.")
    at = models.DateTimeField(help_text="Market time of the venue's word.")
    observed_at = models.DateTimeField(help_text="Real time we stored it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "instrument", "side"], name="venue_position_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.amount.normalize():f}"


class VenueSetting(models.Model):
    """How a perpetual is set at its venue: leverage and margin mode, done once before an entry."""

    account = models.ForeignKey(
        VenueAccount, on_delete=models.PROTECT, related_name="venue_settings"
    )
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)
    leverage = MoneyField()
    margin_mode = models.CharField(max_length=8)
    problem = models.CharField(
        max_length=200,
        blank=True,
        default="",
        help_text="Why the venue refused it; empty when set.",
    )
    set_at = models.DateTimeField(help_text="Real time of the venue's answer.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "instrument"], name="venue_setting_once")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.leverage.normalize():f} {self.margin_mode}"


class FundingPoll(models.Model):
    """Up to which market time an account's funding of a perpetual was asked for."""

    account = models.ForeignKey(
        VenueAccount, on_delete=models.PROTECT, related_name="funding_polls"
    )
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)
    through = models.DateTimeField(help_text="Market time.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "instrument"], name="funding_poll_once")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.through:%Y-%m-%d %H:%M}"


class FundingPayment(DeskModel):
    """What an account paid (negative) or received for holding a perpetual. Append-only."""

    account = models.ForeignKey(
        VenueAccount, on_delete=models.PROTECT, related_name="funding_payments"
    )
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)
    venue_id = models.CharField(max_length=80)
    asset = models.CharField(max_length=16)
    amount = MoneyField()
    rate = MoneyField(null=True)
    at = models.DateTimeField(help_text="Market time.")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "instrument", "venue_id"], name="funding_payment_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.asset}"


class FundingShare(models.Model):
    """The part of a funding payment that one bot's holding bears. Append-only."""

    payment = models.ForeignKey(FundingPayment, on_delete=models.PROTECT, related_name="shares")
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="funding_shares")
    amount = MoneyField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "bot"], name="funding_share_once")
        ]

    def __str__(self) -> str:
        return f"{self.bot_id} {self.amount.normalize():f}"


class RoundTrip(DeskModel):
    """From flat to flat: the unit of evidence."""

    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="round_trips")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT)
    stage = models.CharField(max_length=16)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField()
    profit = MoneyField(help_text="Quote units, after fees.")
    fees = MoneyField()
    entry_cost = MoneyField()
    exit_cost = MoneyField()
    reconciled_at = models.DateTimeField(
        null=True, help_text="When its fills were found equal at the venue."
    )

    class Meta:
        ordering = ["-closed_at"]
        indexes = [models.Index(fields=["bot", "-closed_at"], name="round_trip_bot")]

    def __str__(self) -> str:
        return f"{self.bot_id} {self.profit.normalize():f}"


class DailyResult(models.Model):
    """A bot's realised profit and fees of one UTC day (market time)."""

    bot = models.ForeignKey(Bot, on_delete=models.PROTECT)
    day = models.DateField()
    realised_profit = MoneyField(default=0)
    fees = MoneyField(default=0)
    funding = MoneyField(default=0, db_default=0)
    fills = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bot", "day"], name="daily_result_once")]

    def __str__(self) -> str:
        return f"{self.bot_id} {self.day}"


class JournalEntry(DeskModel):
    """One posting; its lines sum to zero per asset. Append-only."""

    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT)
    kind = models.CharField(max_length=12, help_text="fill, opening, transfer, funding, adjustment")
    fill = models.OneToOneField(Fill, null=True, on_delete=models.PROTECT, related_name="entry")
    note = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(help_text="Market time.")
    posted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M:%S}"


class JournalLine(models.Model):
    """An amount of an asset in one book. Append-only."""

    entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="lines")
    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT)
    book = models.CharField(max_length=10, choices=[(b, b) for b in BOOKS])
    asset = models.CharField(max_length=16)
    amount = MoneyField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(book__in=BOOKS), name="journal_line_book"),
            models.CheckConstraint(condition=~Q(amount=0), name="journal_line_not_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.book} {self.amount.normalize():f} {self.asset}"


class Balance(models.Model):
    """An account's holding of an asset by our own ledger: the sum of its `venue` lines."""

    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT, related_name="balances")
    asset = models.CharField(max_length=16)
    amount = MoneyField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "asset"], name="balance_once")]

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.asset}"
