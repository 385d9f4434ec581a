"""Bring the instruments of a venue up to date."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from apps.core.clock import now
from apps.marketdata.models import Instrument
from apps.venues.domain.reports import InstrumentRules
from apps.venues.gateways import gateway
from apps.venues.gateways.loop import call
from apps.venues.queries import credentials

RULES = (
    "kind", "base", "quote", "price_tick", "amount_step", "amount_min", "cost_min",
    "stop_orders_max", "is_tradable", "settle", "contract_size", "leverage_max", "maintenance_rate",
)  # fmt: skip


def sync_instruments(*, account_id: UUID) -> int:
    """Read the instruments of the account's venue and store their rules; return how many.

    Instruments the venue no longer lists become untradable; none is deleted.

    :raises VenueError: when the venue cannot be read.
    """
    access = credentials(account_id=account_id)
    rules = call(gateway(access).instruments(), timeout=60)
    return store_instruments(venue=access.venue, environment=access.environment, rules=rules)


def store_instruments(*, venue: str, environment: str, rules: list[InstrumentRules]) -> int:
    """Store these rules as all that the venue lists; return how many."""
    at = now()
    rules = _with_terms_kept(venue, environment, rules)
    rows = [
        Instrument(
            venue=venue, environment=environment, symbol=rule.symbol, updated_at=at,
            **{name: getattr(rule, name) for name in RULES},
        )
        for rule in sorted(rules, key=lambda rule: rule.symbol)
    ]  # fmt: skip
    Instrument.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["venue", "environment", "symbol"],
        update_fields=[*RULES, "updated_at"],
        batch_size=1000,
    )
    gone = Instrument.objects.filter(
        venue=venue, environment=environment, is_tradable=True, updated_at__lt=at
    )
    if rules:
        gone.update(is_tradable=False)
    return len(rows)


def _with_terms_kept(
    venue: str, environment: str, rules: list[InstrumentRules]
) -> list[InstrumentRules]:
    """Return the rules with the leverage that a signed read brought, where this one lacks it."""
    lacking = {rule.symbol for rule in rules if rule.kind == "linear" and rule.leverage_max is None}
    if not lacking:
        return rules
    found = Instrument.objects.filter(
        venue=venue, environment=environment, symbol__in=lacking, leverage_max__isnull=False
    ).values_list("symbol", "leverage_max", "maintenance_rate")
    kept = {symbol: (leverage, rate) for symbol, leverage, rate in found}
    return [
        replace(rule, leverage_max=kept[rule.symbol][0], maintenance_rate=kept[rule.symbol][1])
        if rule.symbol in kept
        else rule
        for rule in rules
    ]
