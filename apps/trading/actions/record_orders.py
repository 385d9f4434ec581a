"""Judge and record orders that no cycle proposed: by hand, by timeout, in an emergency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from apps.core.clock import now
from apps.core.domain.money import ZERO
from apps.orders.actions.create_orders import create_orders
from apps.orders.domain.drafts import OrderDraft
from apps.risk.actions.record_verdicts import record_verdicts
from apps.risk.domain.forms import Holding, Judgement, ProposedOrder, Surroundings
from apps.risk.domain.judge import judge
from apps.risk.domain.verdicts import VerdictItem
from apps.trading.actions.judge_wishes import tend_at
from apps.trading.domain.places import Place

SEND_WITHIN: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order to judge and record.

    `scheduled` and `leg` make its id once; `sibling_filled` = what `replaces_id` had filled when
    this was made (base units), for an amendment.
    """

    place: Place
    proposed: ProposedOrder
    around: Surroundings
    scheduled: str
    leg: str
    origin: str
    attempt: int = 0
    replaces_id: UUID | None = None
    is_amendment: bool = False
    sibling_filled: Decimal = ZERO
    group_id: UUID | None = None
    requested_by: str = ""
    reason: str = ""
    send_within: timedelta = SEND_WITHIN


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of it: the judgement, its verdict, and the order when it was allowed."""

    judgement: Judgement
    verdict_id: UUID
    order_id: UUID | None


def leaving_around(*, place: Place, leaving: Decimal, moment: datetime) -> Surroundings:
    """Return what an exit is judged by: the amount held less what is `leaving`, and its terms."""
    return Surroundings(
        rules=place.rules, holding=Holding(place.held, leaving=leaving), exposure={}, limits=None,
        trading_state=None, venue=place.venue, kind=place.kind, market_now=moment,
    )  # fmt: skip


def record_orders(*, wanted: Sequence[Wanted], moment: datetime) -> list[Recorded]:
    """Judge each and record the allowed ones, in the caller's transaction with the books locked.

    `moment` is market time. Recording the same again returns the order that is there.
    """
    at = now()
    judgements = [judge(proposed=w.proposed, around=w.around) for w in wanted]
    items = [VerdictItem(w.proposed, j, at=at) for w, j in zip(wanted, judgements, strict=True)]
    verdicts = record_verdicts(items=items)
    drafts = [
        _draft(want, verdict, at, moment)
        for want, judgement, verdict in zip(wanted, judgements, verdicts, strict=True)
        if judgement.is_allowed
    ]
    made = iter(create_orders(drafts=drafts))
    return [
        Recorded(judgement, verdict, next(made) if judgement.is_allowed else None)
        for judgement, verdict in zip(judgements, verdicts, strict=True)
    ]


def _draft(want: Wanted, verdict_id: UUID, at: datetime, moment: datetime) -> OrderDraft:
    place, proposed = want.place, want.proposed
    send_by = moment + want.send_within
    return OrderDraft(
        verdict_id=verdict_id,
        account_id=place.account_id,
        bot_id=place.bot_id,
        config_id=place.config_id,
        instrument_id=place.instrument_id,
        purpose=proposed.purpose,
        side=proposed.side,
        type=proposed.type,
        amount=proposed.amount,
        price=proposed.price,
        stop_price=proposed.stop_price,
        trailing_rate=proposed.trailing_rate,
        worst_price=proposed.worst_price,
        time_in_force=proposed.time_in_force,
        post_only=proposed.post_only,
        reduce_only=proposed.reduce_only,
        position_side=place.flags(proposed.purpose, proposed.side)[1],
        expires_at=proposed.expires_at,
        tend_at=None
        if proposed.expires_at is not None or want.origin == "manual"
        else tend_at(proposed, place.execution, moment),
        decided_at=at,
        send_by=send_by if proposed.expires_at is None else min(send_by, proposed.expires_at),
        scheduled=want.scheduled,
        leg=want.leg,
        attempt=want.attempt,
        arrival_price=place.last,
        replaces_id=want.replaces_id,
        is_amendment=want.is_amendment,
        replaced_filled=want.sibling_filled,
        group_id=want.group_id,
        origin=want.origin,
        requested_by=want.requested_by,
        reason=want.reason,
    )
