"""Venue accounts: our logins at exchanges."""

from __future__ import annotations

from django.db import models

from apps.core.fields import DeskModel


class VenueAccount(DeskModel):
    """A login at a venue. Venue and environment never change; keys are sealed and write-only."""

    slug = models.SlugField(max_length=48, unique=True)
    name = models.CharField(max_length=80)
    venue = models.CharField(max_length=24, help_text="ccxt id: binance, bybit …")
    environment = models.CharField(
        max_length=12, choices=[(e, e) for e in ("simulated", "testnet", "live")]
    )
    position_mode = models.CharField(
        max_length=8, default="one_way", db_default="one_way",
        choices=[(m, m) for m in ("one_way", "hedge")],
    )  # fmt: skip
    margin_mode = models.CharField(
        max_length=8, default="cross", db_default="cross",
        choices=[(m, m) for m in ("cross", "isolated")],
    )  # fmt: skip
    sandbox = models.CharField(
        max_length=8, default="testnet", db_default="testnet",
        choices=[(s, s) for s in ("testnet", "demo")],
        help_text="Which of the venue's practice exchanges a testnet account uses.",
    )  # fmt: skip
    api_password_sealed = models.TextField(blank=True, default="", db_default="")
    quote_asset = models.CharField(
        max_length=12, default="USDT", help_text="Equity is counted in it."
    )
    api_key_sealed = models.TextField(blank=True)
    api_secret_sealed = models.TextField(blank=True)
    key_fingerprint = models.CharField(max_length=16, blank=True)
    key_set_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(environment__in=["simulated", "testnet", "live"]),
                name="venue_account_environment",
            )
        ]

    def __str__(self) -> str:
        return self.slug


class CardRun(DeskModel):
    """One run of the acceptance cards against an account; kept as evidence. Append-only."""

    account = models.ForeignKey(VenueAccount, on_delete=models.PROTECT, related_name="card_runs")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    passed = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    skipped = models.PositiveIntegerField()
    results = models.JSONField(help_text='[{"card": 1, "name": …, "result": …, "detail": …}]')
    requested_by = models.CharField(max_length=120)
    build = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"
