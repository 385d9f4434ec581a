"""Place a pair of exits, or an entry with its exits, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID, uuid5

from django.db import transaction

from apps.audit.actions.record import record
from apps.core.actor import Actor
from apps.core.bell import ring
from apps.core.errors import Conflict, InvalidInput
from apps.orders.actions.open_group import GroupDraft, open_group
from apps.orders.models import OrderGroup
from apps.risk.actions.lock_books import lock_books
from apps.trading.actions.place_manual import Placed, check_reason, place_manual, place_of
from apps.trading.domain.manual import GroupTerms, check_group
from apps.trading.domain.places import Place
from apps.venues.domain.capabilities import demand, demand_trailing

_NAMES: Final = UUID("5e0c2f7a-9f0e-4c8e-8c39-4f0b6a1d7a11")


class _Refused(Exception):
    def __init__(self, placed: Placed) -> None:
        self.placed = placed


def place_group(
    *, actor: Actor, bot_id: UUID, terms: GroupTerms, reason: str, dry_run: bool = False
) -> Placed:
    """Open a group of exits for a holding (OCO), or with an entry (bracket); one a bot and instrument.

    The exits cover what is held, no more: they are made after the entry's fill for the filled
    amount, and follow it. Until the entry fills nothing of them is at the venue.

    :raises InvalidInput: see `check_group`; also what `place_manual` raises for the entry.
    :raises Conflict: `GROUP_OPEN` when another group of this bot and instrument is open.
    :raises NotAtThisVenue: where the venue has no such group and none can be imitated.
    """
    check_reason(reason)
    place = place_of(bot_id, terms.instrument_id)
    side = check_group(place=place, terms=terms)
    _check_terms(place, terms)
    group_id = uuid5(_NAMES, f"{bot_id}:{terms.instrument_id}:{terms.request_id}")
    if dry_run and terms.entry is None:
        return Placed(proposal={**terms.as_texts(), "kind": "oco", "side": side}, dry_run=True)
    if dry_run and terms.entry is not None:
        return place_manual(actor=actor, bot_id=bot_id, terms=terms.entry, reason=reason, dry_run=True)  # fmt: skip
    try:
        with transaction.atomic():
            placed = _place(actor, place, terms, reason, (group_id, side))
    except _Refused as refused:
        return refused.placed
    ring("orders", f"bot:{bot_id}")
    return placed


def _place(
    actor: Actor, place: Place, terms: GroupTerms, reason: str, group: tuple[UUID, str]
) -> Placed:
    group_id, side = group
    lock_books(account_id=place.account_id)
    if OrderGroup.objects.filter(id=group_id).exists():
        entry = OrderGroup.objects.get(id=group_id).orders.filter(purpose="entry").first()
        return Placed(order_id=entry.id if entry else None, group_id=group_id, is_new=False)
    opened = open_group(
        draft=GroupDraft(
            place.account_id, place.bot_id, place.instrument_id,
            "bracket" if terms.entry else "oco", side, terms=terms.as_texts(),
            requested_by=actor.name, reason=reason, id=group_id,
        )
    )  # fmt: skip
    if opened is None:
        raise Conflict("GROUP_OPEN", bot=place.slug, symbol=place.symbol)
    subject = ("orders_ordergroup", str(group_id), place.slug)
    record(actor=actor, verb="group.place", subject=subject, reason=reason, after=terms.as_texts())
    if terms.entry is None:
        return Placed(group_id=group_id, proposal=terms.as_texts())
    placed = place_manual(
        actor=actor, bot_id=place.bot_id, terms=terms.entry, reason=reason, group_id=group_id
    )
    if placed.order_id is None:
        raise _Refused(replace(placed, group_id=None))
    return placed


def _check_terms(place: Place, terms: GroupTerms) -> None:
    """Refuse an entry elsewhere or that reduces, and what the venue lacks."""
    if terms.entry is not None and (
        terms.entry.instrument_id != terms.instrument_id or terms.entry.reduce_only
    ):
        raise InvalidInput("GROUP_ENTRY_INVALID", field="entry")
    features = ["bracket" if terms.entry else "oco"] if terms.target_price or terms.entry else []
    features += ["trailing_stop_market"] if terms.trailing_rate is not None else ["stop_market"]
    demand(venue=place.venue, kind=place.kind, features=tuple(features))
    if terms.trailing_rate is not None:
        demand_trailing(venue=place.venue, kind=place.kind, rate=terms.trailing_rate)
