"""Protect what is held: a stop at the venue for every position, of the right amount and price."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction

from apps.core.clock import now
from apps.marketdata.clock import market_now
from apps.orders.actions.create_orders import create_orders
from apps.orders.domain.drafts import OrderDraft
from apps.risk.actions.lock_books import lock_books
from apps.risk.actions.record_verdicts import record_verdicts
from apps.risk.domain.forms import Holding, ProposedOrder, Reference, Surroundings
from apps.risk.domain.judge import judge
from apps.risk.domain.verdicts import VerdictItem
from apps.trading.queries.unprotected import Unprotected, unprotected_positions

log = structlog.get_logger(__name__)
# A stop is wanted for as long as the position is there.
SEND_WITHIN: Final = timedelta(days=1)
_END_TARGETS: Final = """
UPDATE bots_bottarget t SET target_amount = 0, stopped_out = true, changed_at = %s
FROM unnest(%s::uuid[], %s::int[]) k(bot_id, instrument_id)
WHERE t.bot_id = k.bot_id AND t.instrument_id = k.instrument_id
"""


def protect_positions(*, account_id: UUID) -> int:
    """Record a stop for each position of the account that lacks the right one; return how many.

    The stop stands below the average entry price by the config's stop loss, on the tick, for
    the amount held, on the step; one that no longer fits is replaced. Where the price is already
    there a stop would be refused or trigger at once: the position is sold instead.
    """
    if not unprotected_positions(account_id=account_id):
        return 0
    moment, at = market_now(), now()
    with transaction.atomic():
        lock_books(account_id=account_id)
        # read again: the lock is what two protectors cannot hold at once
        found = unprotected_positions(account_id=account_id)
        proposed = [_propose(position) for position in found]
        items = [
            _judged(position, order, at) for position, order in zip(found, proposed, strict=True)
        ]
        verdicts = record_verdicts(items=items)
        drafts = [
            _draft(position, item, verdict, moment)
            for position, item, verdict in zip(found, items, verdicts, strict=True)
            if item.judgement.is_allowed
        ]
        create_orders(drafts=drafts)
        _end_targets(
            [p for p, order in zip(found, proposed, strict=True) if order.purpose == "reduce"],
            moment,
        )
    denied = len(found) - len(drafts)
    if denied:
        log.error("protection.denied", account=str(account_id), count=denied)
    return len(drafts)


def _propose(position: Unprotected) -> ProposedOrder:
    reference = None if position.last is None else Reference(position.last, 0.0)
    where = (position.account_id, position.bot_id, position.instrument_id)
    if position.last is not None and position.last <= position.stop_price:
        return ProposedOrder(
            *where, "reduce", "sell", "market", position.amount, reference=reference
        )
    return ProposedOrder(
        *where, "protect", "sell", "stop_market", position.amount, stop_price=position.stop_price,
        reference=reference,
    )  # fmt: skip


def _judged(position: Unprotected, proposed: ProposedOrder, at: datetime) -> VerdictItem:
    # protection and exits are judged by amount and terms alone, so that they go out in any weather
    around = Surroundings(
        rules=position.rules,
        holding=Holding(position.held),
        exposure={},
        limits=None,
        trading_state=None,
    )
    return VerdictItem(proposed, judge(proposed=proposed, around=around), at=at)


def _draft(
    position: Unprotected, item: VerdictItem, verdict_id: UUID, moment: datetime
) -> OrderDraft:
    proposed = item.proposed
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
        stop_price=proposed.stop_price,
        decided_at=item.at,
        send_by=moment + SEND_WITHIN,
        scheduled=f"position:{position.opened_at}",
        leg=f"{position.symbol}:{proposed.purpose}",
        attempt=position.attempts,
        arrival_price=position.last,
        replaces_id=position.stop_id,
    )


def _end_targets(positions: Sequence[Unprotected], moment: datetime) -> None:
    """A position sold at its stop stays away until the strategy changes its mind."""
    if positions:
        bots, instruments = [p.bot_id for p in positions], [p.instrument_id for p in positions]
        with connection.cursor() as cursor:
            cursor.execute(_END_TARGETS, [moment, bots, instruments])
