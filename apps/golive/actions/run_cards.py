"""Run the acceptance cards against a practice account and keep what came of it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from apps.audit.actions.record import record
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.golive.cards import CARDS
from apps.golive.cards.bench import Act, Bench, Card
from apps.golive.cards.runner import Outcome, run
from apps.simulator.queries import exchange_control
from apps.venues.domain.reports import Credentials, InstrumentRules
from apps.venues.gateways import build_gateway
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call
from apps.venues.models import CardRun, VenueAccount
from apps.venues.queries import credentials

RUN_SECONDS = 3600.0


def run_cards(
    *, actor: Actor, account_id: UUID, numbers: Sequence[int] = (), symbol: str = ""
) -> CardRun:
    """Run the cards of these numbers (all when none) and return the stored run.

    They trade the smallest amounts of one instrument on an account that nobody else uses.

    :raises NotFound: `ACCOUNT_NOT_FOUND`.
    :raises Conflict: `CARDS_NOT_ON_LIVE`, `BOTS_ON_ACCOUNT`.
    :raises InvalidInput: `NO_SUCH_CARD`, `KEYS_MISSING`, `NO_SUCH_INSTRUMENT`.
    :raises VenueError: when the venue's instruments cannot be read.
    """
    account = VenueAccount.objects.filter(id=account_id, archived_at=None).first()
    if account is None:
        raise NotFound("ACCOUNT_NOT_FOUND", account=str(account_id))
    _check_free(account)
    known = {card.number: card for card in CARDS}
    unknown = sorted(set(numbers) - set(known))
    if unknown:
        raise InvalidInput("NO_SUCH_CARD", field="cards", cards=unknown)
    cards = [known[number] for number in sorted(set(numbers) or known)]
    started_at, access = now(), credentials(account_id=account.id)
    found = call(
        _play(access, cards, _faults(account), symbol or account.quote_asset), timeout=RUN_SECONDS
    )
    return _keep(actor, account, found, started_at)


def _check_free(account: VenueAccount) -> None:
    if account.environment == "live":
        raise Conflict("CARDS_NOT_ON_LIVE", account=account.slug)
    bots = Bot.objects.filter(account=account, state__in=["running", "paused"])
    if slugs := sorted(bots.values_list("slug", flat=True)):
        raise Conflict("BOTS_ON_ACCOUNT", account=account.slug, bots=slugs)
    if not account.api_key_sealed:
        raise InvalidInput("KEYS_MISSING", field="account", account=account.slug)


async def _play(
    access: Credentials, cards: list[Card], faults: Act | None, wanted: str
) -> list[Outcome]:
    gateway = build_gateway(access)
    try:
        rules = await _rules(gateway, wanted)

        def other(secret: str) -> Gateway:
            return build_gateway(dataclasses.replace(access, api_secret=secret))

        bench = Bench(gateway, rules, other=other, faults=faults)
        return [outcome async for outcome in run(bench, cards)]
    finally:
        await gateway.close()


async def _rules(gateway: Gateway, wanted: str) -> InstrumentRules:
    """Return the instrument of this symbol, or bitcoin's against this quote asset."""
    if "/" not in wanted:
        is_spot = gateway.traits.kinds[0] == "spot"
        wanted = f"BTC/{wanted}" if is_spot else f"BTC/{wanted}:{wanted}"
    for rules in await gateway.instruments():
        if rules.symbol == wanted:
            return rules
    raise InvalidInput("NO_SUCH_INSTRUMENT", field="symbol", symbol=wanted)


def _faults(account: VenueAccount) -> Act | None:
    """Return what arms a fault of our own exchange; None at any other."""
    if account.environment != "simulated":
        return None
    control = exchange_control()

    async def arm(terms: dict[str, Any]) -> None:
        await asyncio.to_thread(control.arm, {"account": account.slug} | terms)

    return arm


def _keep(
    actor: Actor, account: VenueAccount, found: list[Outcome], started_at: datetime
) -> CardRun:
    counts = {
        result: sum(outcome.result == result for outcome in found)
        for result in ("passed", "failed", "skipped")
    }
    with transaction.atomic():
        kept = CardRun.objects.create(
            account=account, started_at=started_at, finished_at=now(),
            results=[outcome.row() for outcome in found],
            requested_by=actor.name, build=settings.BUILD, **counts,
        )  # fmt: skip
        record(
            actor=actor, verb="venue_account.cards", after=counts,
            subject=("venues.CardRun", str(kept.id), account.slug),
        )  # fmt: skip
    return kept
