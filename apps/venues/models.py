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
