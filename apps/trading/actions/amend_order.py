"""Change an order that rests at the venue: a new row with new terms, judged again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.audit.actions.record import record
from apps.core.actor import Actor
from apps.core.bell import ring
from apps.core.domain.money import ZERO, plain
from apps.core.errors import Conflict, InvalidInput, NotFound, RequiresChangeRequest
from apps.marketdata.clock import market_now
from apps.orders.actions.open_group import GroupDraft, open_group
from apps.orders.models import Order, OrderGroup
from apps.risk.actions.lock_books import lock_books
from apps.risk.domain.forms import ProposedOrder, Surroundings
from apps.risk.domain.judge import judge
from apps.risk.domain.verdicts import proposal_json, refusal_json
from apps.trading.actions.place_manual import Placed, check_reason, is_guarded, place_of
from apps.trading.actions.read_surroundings import read_surroundings
from apps.trading.actions.record_orders import Wanted, record_orders
from apps.trading.actions.settle_targets import shift_target
from apps.trading.domain.manual import check_price
from apps.trading.domain.manual_entry import KIND
from apps.trading.domain.places import Place
from apps.venues.domain.capabilities import demand

OPEN: Final = ("open", "partially_filled")


@dataclass(frozen=True, slots=True)
class NewTerms:
    """What changes; None keeps. `amount` is the order's whole amount, its filled part included."""

    price: Decimal | None = None
    amount: Decimal | None = None
    stop_price: Decimal | None = None

    def as_dict(self) -> dict[str, str]:
        """Return what changes, as text."""
        values = {"price": self.price, "amount": self.amount, "stop_price": self.stop_price}
        return {name: plain(value) for name, value in values.items() if value is not None}


def amend_order(
    *, actor: Actor, order_id: UUID, terms: NewTerms, reason: str, dry_run: bool = False
) -> Placed:
    """Record the amendment of an open order: it is cancelled and its rest sent as a new one.

    A protective leg changes where its group wants it: a stop only ever closer to the market.

    :raises NotFound: `UNKNOWN_ORDER`.
    :raises Conflict: `ORDER_NOT_OPEN`; `AMENDMENT_UNDER_WAY` while another waits.
    :raises InvalidInput: `NOTHING_TO_AMEND`, `NOT_A_NUMBER`, `AMOUNT_BELOW_FILLED`, `STOP_LOOSENED`,
        `PROTECTION_FOLLOWS_POSITION`, `REASON_REQUIRED`.
    :raises RequiresChangeRequest: it would widen an entry on real money.
    :raises NotAtThisVenue: where orders cannot be renewed.
    """
    check_reason(reason)
    if not terms.as_dict():
        raise InvalidInput("NOTHING_TO_AMEND", field="price")
    with transaction.atomic():
        order = _open_order(order_id)
        place = place_of(order.bot_id, order.instrument_id)
        lock_books(account_id=place.account_id)
        order = _open_order(order_id)
        demand(venue=place.venue, kind=place.kind, features=("amend",))
        if order.purpose == "protect":
            placed = _move_leg(actor, place, order, terms, (reason, dry_run))
        else:
            placed = _amend(actor, place, order, terms, (reason, dry_run))
    ring("orders", f"bot:{order.bot_id}")
    return placed


def _open_order(order_id: UUID) -> Order:
    order = Order.objects.filter(id=order_id).select_related("verdict", "group").first()
    if order is None:
        raise NotFound("UNKNOWN_ORDER", order=str(order_id))
    if order.status not in OPEN or order.cancel_requested_at is not None:
        raise Conflict("ORDER_NOT_OPEN", order=str(order_id), status=order.status)
    if order.replaced_by.filter(ended_at=None).exists():
        raise Conflict("AMENDMENT_UNDER_WAY", order=str(order_id))
    return order


def _amend(
    actor: Actor, place: Place, order: Order, terms: NewTerms, how: tuple[str, bool]
) -> Placed:
    reason, dry_run = how
    moment = market_now()
    total = order.amount if terms.amount is None else terms.amount
    # an amendment's own amount leaves out what the orders before it had filled
    rest = total - order.filled
    if rest <= ZERO:
        raise InvalidInput(
            "AMOUNT_BELOW_FILLED",
            field="amount",
            value=total,
            would_pass=f"> {plain(order.filled)}",
        )
    proposed = _proposed(place, order, terms, rest, moment)
    _refuse_wider(place, order, terms)
    around = _around(place, order, moment)
    if dry_run:
        judgement = judge(proposed=proposed, around=around)
        refusals = [refusal_json(refusal) for refusal in judgement.refusals]
        reserved = plain(judgement.reserved_cost)
        return Placed(None, refusals, proposal_json(proposed), reserved, dry_run=True)
    want = Wanted(
        place, proposed, around, scheduled=f"amend:{order.client_order_id}",
        leg=f"manual:{place.symbol}:{order.purpose}", origin="manual", replaces_id=order.id,
        is_amendment=True, sibling_filled=order.filled, group_id=order.group_id,
        requested_by=actor.name, reason=reason,
    )  # fmt: skip
    [made] = record_orders(wanted=[want], moment=moment)
    if made.order_id is not None:
        # an order by hand gives back what it did not fill when it ends; a cycle's gives it now
        before = ZERO if order.origin == "manual" else order.amount - order.filled
        change = (rest - before) * (1 if order.side == "buy" else -1)
        shift_target(bot_id=place.bot_id, instrument_id=place.instrument_id, change=change)
    refusals = [refusal_json(refusal) for refusal in made.judgement.refusals]
    subject = ("orders_order", str(made.order_id or order.id), place.slug)
    after = terms.as_dict() | {"replaces": str(order.id), "refusals": refusals}
    verb = "order.amend" if made.order_id else "order.refused"
    record(actor=actor, verb=verb, subject=subject, reason=reason, after=after)
    reserved = plain(made.judgement.reserved_cost)
    return Placed(made.order_id, refusals, proposal_json(proposed), reserved)


def _refuse_wider(place: Place, order: Order, terms: NewTerms) -> None:
    """Refuse more, or a worse price, of an entry on real money: nobody has agreed to that."""
    if not is_guarded(place, order.purpose):
        return
    sign = 1 if order.side == "buy" else -1
    pairs = {name: (getattr(terms, name), getattr(order, name)) for name in ("price", "stop_price")}
    wider = [n for n, (new, old) in pairs.items() if new and old and (new - old) * sign > 0]
    wider += ["amount"] if terms.amount is not None and terms.amount > order.amount else []
    if wider:
        raise RequiresChangeRequest(
            kind=KIND, bot=place.slug, stage=place.stage, field=wider[0],
            would_pass=f"{'>=' if sign < 0 and wider[0] != 'amount' else '<='} {plain(getattr(order, wider[0]))}",
        )  # fmt: skip


def _proposed(
    place: Place, order: Order, terms: NewTerms, rest: Decimal, moment: datetime
) -> ProposedOrder:
    return ProposedOrder(
        place.account_id, place.bot_id, place.instrument_id, order.purpose, order.side, order.type,
        rest, price=terms.price or order.price, stop_price=terms.stop_price or order.stop_price,
        time_in_force=order.time_in_force, reduce_only=order.reduce_only,
        reference=place.reference(moment), post_only=order.post_only,
        trailing_rate=order.trailing_rate, expires_at=order.expires_at,
    )  # fmt: skip


def _around(place: Place, order: Order, moment: datetime) -> Surroundings:
    """Return the surroundings as if the old order were gone: the new one stands in its place."""
    left = order.amount - order.filled
    is_entry = order.purpose == "entry"
    price = order.verdict.reservation_price or ZERO
    without = left * price if is_entry else ZERO
    around, _ = read_surroundings(place=place, moment=moment, without=without)
    if not is_entry:
        around.holding.leaving -= left
    if around.slots is not None and is_entry:
        around.slots.taken -= 1 + int(order.type not in {"market", "limit"})
    return around


def _move_leg(
    actor: Actor, place: Place, order: Order, terms: NewTerms, how: tuple[str, bool]
) -> Placed:
    """Let the position's group want the leg elsewhere; `protect_positions` then renews it."""
    reason, dry_run = how
    if terms.amount is not None:
        raise InvalidInput("PROTECTION_FOLLOWS_POSITION", field="amount", would_pass=order.amount)
    is_target = order.type == "limit"
    name = "target_price" if is_target else "stop_price"
    value = terms.price if is_target else terms.stop_price
    if value is None:
        raise InvalidInput("NOTHING_TO_AMEND", field="price" if is_target else name)
    check_price(place=place, field="price" if is_target else name, value=value)
    _check_leg(place, order, value)
    wanted = {name: plain(value)}
    if dry_run:
        return Placed(proposal=wanted, dry_run=True)
    group = order.group
    if group is None:
        draft = GroupDraft(
            place.account_id, place.bot_id, place.instrument_id, "oco", order.side, terms=wanted,
            requested_by=actor.name, reason=reason,
        )  # fmt: skip
        group_id = open_group(draft=draft)
    else:
        group_id = group.id
        OrderGroup.objects.filter(id=group_id).update(terms={**group.terms, **wanted})
    subject = ("orders_order", str(order.id), place.slug)
    record(actor=actor, verb="order.amend", subject=subject, reason=reason, after=wanted)
    return replace(Placed(proposal=wanted), group_id=group_id)


def _check_leg(place: Place, order: Order, value: Decimal) -> None:
    sign = 1 if order.side == "sell" else -1
    last = place.last
    is_stop = order.type != "limit"
    if is_stop and order.stop_price is not None and (value - order.stop_price) * sign < 0:
        words = f"{'>=' if sign > 0 else '<='} {plain(order.stop_price)}"
        raise InvalidInput("STOP_LOOSENED", field="stop_price", value=value, would_pass=words)
    if last is not None and (value - last) * sign * (1 if is_stop else -1) >= 0:
        above = (sign > 0) is not is_stop
        words = f"{'>' if above else '<'} {plain(last)}"
        raise InvalidInput("TRIGGER_WRONG_SIDE", field="price", value=value, would_pass=words)
