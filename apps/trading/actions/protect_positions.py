"""Protect what is held: a stop for every position, and its target, of the right amount and price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction

from apps.core.actor import Actor
from apps.core.clock import now
from apps.marketdata.clock import market_now
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.open_group import GroupDraft, open_group, tie_group
from apps.orders.actions.request_cancels import request_cancels
from apps.orders.domain.drafts import OrderDraft
from apps.risk.actions.lock_books import lock_books
from apps.risk.actions.record_verdicts import record_verdicts
from apps.risk.domain.forms import Holding, ProposedOrder, Surroundings
from apps.risk.domain.judge import judge
from apps.risk.domain.verdicts import VerdictItem
from apps.trading.domain.protection import LEAVE, TARGET, Leg, Unprotected, is_native, plan
from apps.trading.queries.unprotected import unprotected_positions

log = structlog.get_logger(__name__)
ACTOR: Final = Actor.task("trading.protect")
# A stop is wanted for as long as the position is there.
SEND_WITHIN: Final = timedelta(days=1)
_END_TARGETS: Final = """
UPDATE bots_bottarget t SET target_amount = 0, stopped_out = true, changed_at = %s
FROM unnest(%s::uuid[], %s::int[]) k(bot_id, instrument_id)
WHERE t.bot_id = k.bot_id AND t.instrument_id = k.instrument_id
"""


def protect_positions(*, account_id: UUID) -> int:
    """Record the exits that positions of the account lack; return how many orders were recorded.

    A stop stands on the losing side of the average entry price by the config's stop loss, or
    trails by its rate; with a take profit a target stands on the other side, tied to the stop by
    a group. Both are for the amount held, on the step; what no longer fits is replaced. Where
    the price is already at the stop or the target, the position is sold instead.
    """
    if not unprotected_positions(account_id=account_id):
        return 0
    moment, at = market_now(), now()
    with transaction.atomic():
        lock_books(account_id=account_id)
        # read again: the lock is what two protectors cannot hold at once
        found = [(p, leg) for p in unprotected_positions(account_id=account_id) for leg in plan(p)]
        items = [_judged(position, leg.proposed, at, moment) for position, leg in found]
        verdicts = record_verdicts(items=items)
        groups = _groups([position for position, leg in found if leg.role == TARGET])
        drafts = [
            _draft(position, leg, item, moment, verdict)
            for (position, leg), item, verdict in zip(found, items, verdicts, strict=True)
            if item.judgement.is_allowed
        ]
        create_orders(drafts=[replace(d, group_id=groups.get(_pair(d))) for d in drafts])
        leaving = [position for position, leg in found if leg.role == LEAVE]
        _end_targets(leaving, moment)
        _drop_targets(leaving)
    denied = len(found) - len(drafts)
    if denied:
        log.error("protection.denied", account=str(account_id), count=denied)
    return len(drafts)


def _pair(of: Unprotected | OrderDraft) -> tuple[UUID, int]:
    return of.bot_id, of.instrument_id


def _groups(positions: Sequence[Unprotected]) -> dict[tuple[UUID, int], UUID]:
    """Return the open group of each position that gets a target, opened where there is none."""
    found = {}
    for position in positions:
        native = is_native(position)
        group_id = position.group_id or open_group(
            draft=GroupDraft(*_where(position), "oco", position.side, is_native=native)
        )
        if group_id is not None:
            tie_group(group_id=group_id, is_native=native)
            found[_pair(position)] = group_id
    return found


def _where(position: Unprotected) -> tuple[UUID, UUID, int]:
    return position.account_id, position.bot_id, position.instrument_id


def _judged(
    position: Unprotected, proposed: ProposedOrder, at: datetime, moment: datetime
) -> VerdictItem:
    # protection and exits are judged by amount and terms alone, so that they go out in any weather
    around = Surroundings(
        rules=position.rules,
        holding=Holding(position.held),
        exposure={},
        limits=None,
        trading_state=None,
        venue=position.venue,
        kind=position.kind,
        market_now=moment,
    )
    return VerdictItem(proposed, judge(proposed=proposed, around=around), at=at)


def _draft(
    position: Unprotected, leg: Leg, item: VerdictItem, moment: datetime, verdict_id: UUID
) -> OrderDraft:
    proposed = leg.proposed
    return OrderDraft(
        verdict_id=verdict_id,
        account_id=position.account_id,
        bot_id=position.bot_id,
        config_id=position.config_id,
        instrument_id=position.instrument_id,
        purpose=proposed.purpose,
        side=proposed.side,
        type=proposed.type,
        amount=proposed.amount,
        price=proposed.price,
        stop_price=proposed.stop_price,
        trailing_rate=proposed.trailing_rate,
        worst_price=proposed.worst_price,
        reduce_only=proposed.reduce_only,
        position_side=leg.position_side,
        decided_at=item.at,
        send_by=moment + SEND_WITHIN,
        scheduled=f"position:{position.opened_at}",
        leg=f"{position.symbol}:{leg.role}",
        attempt=position.attempts,
        arrival_price=position.last,
        replaces_id=leg.replaces_id,
        origin="protect",
    )


def _drop_targets(positions: Sequence[Unprotected]) -> None:
    """Take a resting target away from what is sold at market; the stop goes as what it replaces."""
    both = [p.target_id for p in positions if p.target_id is not None and p.stop_id is not None]
    request_cancels(order_ids=both, actor=ACTOR, cause="position_leaves")


def _end_targets(positions: Sequence[Unprotected], moment: datetime) -> None:
    """A position sold at its stop stays away until the strategy changes its mind."""
    if positions:
        bots, instruments = [p.bot_id for p in positions], [p.instrument_id for p in positions]
        with connection.cursor() as cursor:
            cursor.execute(_END_TARGETS, [moment, bots, instruments])
