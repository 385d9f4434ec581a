"""Place an order by hand: the same judge, the same sender, the same books."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypedDict, Unpack
from uuid import UUID

from django.db import transaction

from apps.approvals.actions.prove import being_applied, demand_same
from apps.approvals.models import ChangeRequest
from apps.audit.actions.record import record
from apps.bots.domain.stages import REAL_MONEY
from apps.core.actor import Actor
from apps.core.bell import ring
from apps.core.domain.money import plain
from apps.core.errors import InvalidInput, NotFound
from apps.marketdata.clock import market_now
from apps.orders.actions.request_cancels import request_cancels
from apps.orders.models import Order
from apps.risk.actions.lock_books import lock_books
from apps.risk.domain.forms import Judgement, ProposedOrder
from apps.risk.domain.judge import judge
from apps.risk.domain.verdicts import proposal_json, refusal_json
from apps.trading.actions.read_surroundings import read_surroundings
from apps.trading.actions.record_orders import Recorded, Wanted, record_orders
from apps.trading.actions.settle_targets import shift_target
from apps.trading.domain.manual import ManualTerms, propose_manual
from apps.trading.domain.manual_entry import KIND, entry_content
from apps.trading.domain.places import Place
from apps.trading.queries.places import places

REASON_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Placed:
    """What came of a request: the order's id, or the refusals and nothing recorded but them.

    `is_new` is False when the same request had placed it before. `needs_second_person`: an entry
    on real money; `request` names the change request that asks for one.
    """

    order_id: UUID | None = None
    refusals: list[dict[str, Any]] = field(default_factory=list)
    proposal: dict[str, Any] = field(default_factory=dict)
    reserved_cost: str = "0"
    dry_run: bool = False
    is_new: bool = True
    group_id: UUID | None = None
    needs_second_person: bool = False
    request: str = ""


class More(TypedDict, total=False):
    """The group that an entry belongs to; the request in which people agreed to it."""

    group_id: UUID | None
    proof: ChangeRequest


def place_manual(
    *, actor: Actor, bot_id: UUID, terms: ManualTerms, reason: str, dry_run: bool = False,
    **more: Unpack[More],
) -> Placed:  # fmt: skip
    """Judge and record an order by hand for a bot; with `dry_run` only say what the judge says.

    It moves what the bot is meant to hold by its amount, so that no cycle undoes it. An exit first
    ends the stop that locks its balance; the stop comes back for what is still held.

    :raises InvalidInput: `REASON_REQUIRED`, `SIDE_UNKNOWN`, `REQUEST_ID_MISSING`.
    :raises NotFound: `UNKNOWN_INSTRUMENT` for this bot's account.
    :raises RequiresChangeRequest: an entry on real money without `proof` that a second person
        agreed to these very terms; see `golive.actions.order_by_hand`.
    :raises ProofMismatch: the proof is for something else.
    """
    check_reason(reason)
    moment = market_now()
    with transaction.atomic():
        place = place_of(bot_id, terms.instrument_id)
        lock_books(account_id=place.account_id)
        place = place_of(bot_id, terms.instrument_id)
        proposed = propose_manual(place=place, terms=terms, at=moment)
        guarded = is_guarded(place, proposed.purpose)
        if guarded and not dry_run:
            _prove(more.get("proof"), place, terms)
        if (known := _placed_before(bot_id, terms)) is not None:
            return Placed(known, proposal=proposal_json(proposed), dry_run=dry_run, is_new=False)
        around, book = read_surroundings(place=place, moment=moment)
        if dry_run:
            judgement = judge(proposed=proposed, around=around)
            return _told(proposed, judgement, dry_run=True, needs_second_person=guarded)
        want = Wanted(
            place, proposed, around, scheduled=terms.request_id,
            leg=f"manual:{place.symbol}:{proposed.purpose}", origin="manual", group_id=more.get("group_id"),
            replaces_id=book.stop_id if proposed.purpose == "reduce" else None,
            requested_by=actor.name, reason=reason,
        )  # fmt: skip
        [made] = record_orders(wanted=[want], moment=moment)
        if made.order_id is not None:
            _follow(actor, place, proposed, book.targets or [])
        _audit(actor, place, made, proposed, reason)
    ring("orders", f"bot:{bot_id}")
    return _told(proposed, made.judgement, order_id=made.order_id, group_id=more.get("group_id"))


def place_of(bot_id: UUID, instrument_id: int) -> Place:
    """Return where a bot stands in an instrument.

    :raises NotFound: `UNKNOWN_INSTRUMENT` when its account's venue does not trade it.
    """
    found = places([(bot_id, instrument_id)]).get((bot_id, instrument_id))
    if found is None:
        raise NotFound("UNKNOWN_INSTRUMENT", field="instrument", value=instrument_id)
    return found


def check_reason(reason: str) -> None:
    """Demand words for what is done by hand.

    :raises InvalidInput: `REASON_REQUIRED`, `REASON_TOO_LONG`.
    """
    if not reason.strip():
        raise InvalidInput("REASON_REQUIRED", field="reason")
    if len(reason) > REASON_MAX:
        raise InvalidInput("REASON_TOO_LONG", field="reason", limit=REASON_MAX)


def is_guarded(place: Place, purpose: str) -> bool:
    """Return whether a second person must agree: entries on real money; exits never wait."""
    return place.stage in REAL_MONEY and purpose == "entry"


def _prove(proof: ChangeRequest | None, place: Place, terms: ManualTerms) -> None:
    stored = being_applied(proof=proof, kind=KIND, bot=place.slug, stage=place.stage)
    demand_same(request=stored, content=entry_content(place=place, terms=terms), bot=place.slug)


def _placed_before(bot_id: UUID, terms: ManualTerms) -> UUID | None:
    """Return the order that this request has placed already."""
    found = Order.objects.filter(
        bot_id=bot_id,
        instrument_id=terms.instrument_id,
        scheduled=terms.request_id,
        origin="manual",
    )
    return found.order_by("id").values_list("id", flat=True).first()


def _follow(actor: Actor, place: Place, proposed: ProposedOrder, targets: list[UUID]) -> None:
    change = proposed.amount if proposed.side == "buy" else -proposed.amount
    shift_target(bot_id=place.bot_id, instrument_id=place.instrument_id, change=change)
    if proposed.purpose == "reduce":
        request_cancels(order_ids=targets, actor=actor, cause="position_leaves")


def _audit(
    actor: Actor, place: Place, made: Recorded, proposed: ProposedOrder, reason: str
) -> None:
    verb = "order.place" if made.order_id else "order.refused"
    subject = ("orders_order" if made.order_id else "bots_bot", str(made.order_id or place.bot_id), place.slug)  # fmt: skip
    refusals = [refusal_json(refusal) for refusal in made.judgement.refusals]
    after = proposal_json(proposed) | {"symbol": place.symbol, "refusals": refusals}
    record(actor=actor, verb=verb, subject=subject, reason=reason, after=after)


def _told(proposed: ProposedOrder, judgement: Judgement, **more: Any) -> Placed:
    return Placed(
        refusals=[refusal_json(refusal) for refusal in judgement.refusals],
        proposal=proposal_json(proposed),
        reserved_cost=plain(judgement.reserved_cost or Decimal(0)),
        **more,
    )
