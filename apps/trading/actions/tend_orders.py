"""Look after orders that wait: their time is over, nobody takes them, or their position is gone.

Every decision is by market time and by rows alone, so it comes out the same after a restart and
however often this runs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.domain.money import ZERO, floor_to
from apps.marketdata.clock import market_now
from apps.orders.actions.end_groups import end_groups
from apps.orders.actions.record_quality import record_quality
from apps.orders.actions.request_cancels import request_cancels
from apps.orders.domain.lifecycle import TIME_OVER
from apps.risk.actions.lock_books import lock_books
from apps.risk.actions.restrict import restrict
from apps.trading.actions.record_orders import Wanted, leaving_around, record_orders
from apps.trading.actions.settle_targets import settle_targets
from apps.trading.domain.places import Place, leave
from apps.trading.domain.protection import worst_price
from apps.trading.domain.wishes import execution_of
from apps.trading.queries import tending
from apps.trading.queries.books import pair_books
from apps.trading.queries.places import places
from apps.trading.queries.tending import FailingExit, UnfilledExit

log = structlog.get_logger(__name__)
ACTOR: Final = Actor.task("trading.tend")
EXIT_FAILING: Final = "EXIT_FAILING"
# Real time between two emergency exits of one holding.
PATIENCE: Final = timedelta(seconds=10)


def tend_orders(*, account_id: UUID) -> bool:
    """Do what waiting orders of the account need; return whether anything was recorded or cancelled.

    Cancels what is past its end (GTD), unfilled entries, and exits without a position; prices
    unfilled exits anew, then sells at market; after the configured number of failed exits puts the
    bot to `reducing` (`EXIT_FAILING`) and makes an exit without a price bound. Ends groups,
    measures what has ended.
    """
    moment = market_now()
    did = _cancel(account_id, moment)
    did |= _reprice(account_id, moment)
    did |= _escape(account_id, moment)
    did |= _turn_back(account_id, moment)
    end_groups(account_id=account_id)
    with transaction.atomic():
        settle_targets(order_ids=record_quality(account_id=account_id))
    return did


def _cancel(account_id: UUID, moment: datetime) -> bool:
    over = tending.expired_orders(account_id=account_id, at=moment)
    flagged = request_cancels(order_ids=over, actor=ACTOR, cause="expired", reason=TIME_OVER)
    late = tending.unfilled_entries(account_id=account_id, at=moment)
    flagged += request_cancels(order_ids=late, actor=ACTOR, cause="unfilled", reason="UNFILLED")
    orphans = tending.orphaned_exits(account_id=account_id)
    flagged += request_cancels(order_ids=orphans, actor=ACTOR, cause="position_closed")
    return flagged > 0


def _reprice(account_id: UUID, moment: datetime) -> bool:
    """Replace exits that nobody took by one at the present price, the last time at market."""
    if not tending.unfilled_exits(account_id=account_id, at=moment):
        return False
    with transaction.atomic():
        lock_books(account_id=account_id)
        found = tending.unfilled_exits(account_id=account_id, at=moment)
        pairs = [(order.bot_id, order.instrument_id) for order in found]
        known, books = places(pairs), pair_books(pairs)
        wanted = []
        for order, pair in zip(found, pairs, strict=True):
            leaving = books[pair].leaving - order.rest
            wanted.append(_repriced(known[pair], order, leaving, moment))
        done = record_orders(wanted=wanted, moment=moment)
        # nothing of it can be sold any more: what rests has no position left
        lost = [o.id for o, item in zip(found, done, strict=True) if item.order_id is None]
        request_cancels(order_ids=lost, actor=ACTOR, cause="unfilled", reason="UNFILLED")
    log.info("exits.repriced", account=str(account_id), count=len(done), lost=len(lost))
    return bool(done)


def _repriced(place: Place, order: UnfilledExit, leaving: Decimal, moment: datetime) -> Wanted:
    execution = execution_of(place.execution)
    at_limit = order.tries < execution.exit_reprices
    amount = floor_to(min(order.rest, abs(place.held) - leaving), place.rules.amount_step)
    proposed = leave(
        place=place, amount=amount, at=moment, worst_price=_worst(place), limit=at_limit
    )
    return Wanted(
        place, proposed, leaving_around(place=place, leaving=leaving, moment=moment),
        scheduled=f"unfilled:{order.client_order_id}", leg=f"{place.symbol}:reduce",
        origin="timeout", attempt=order.tries + 1, replaces_id=order.id,
        is_amendment=proposed.type == "limit", sibling_filled=order.filled,
        reason=f"unfilled after {execution.unfilled_timeout_seconds} s",
    )  # fmt: skip


def _worst(place: Place) -> Decimal | None:
    rate = execution_of(place.execution).slippage_rate("reduce")
    return worst_price(
        side=place.exit_side, arrival=place.last, rate=rate, tick=place.rules.price_tick
    )


def _escape(account_id: UUID, moment: datetime) -> bool:
    """Restrict a bot whose exits keep failing, and leave at any price."""
    found = [f for f in tending.failing_exits(account_id=account_id) if _is_patient(f)]
    if not found:
        return False
    did = False
    for failing in found:
        pair = (failing.bot_id, failing.instrument_id)
        with transaction.atomic():
            lock_books(account_id=account_id)
            place = places([pair])[pair]
            if failing.failures < execution_of(place.execution).exit_failures:
                continue
            words = f"{failing.failures} exits of {place.symbol} failed in a row"
            restrict(
                actor=ACTOR, state="reducing", code=EXIT_FAILING, reason=words, scope_kind="bot",
                scope_id=str(failing.bot_id),
            )  # fmt: skip
            did |= _leave_now(
                place, moment, f"emergency:{failing.last_ended_at.isoformat()}", failing.failures
            )
        log.error("exit.emergency", bot=place.slug, symbol=place.symbol, failures=failing.failures)
    return did


def _is_patient(failing: FailingExit) -> bool:
    return failing.last_ended_at < now() - PATIENCE


def _turn_back(account_id: UUID, moment: datetime) -> bool:
    """Close what stands on the wrong side because both legs of a group filled."""
    found = tending.turned_positions(account_id=account_id)
    did = False
    for pair in found:
        with transaction.atomic():
            lock_books(account_id=account_id)
            if pair in tending.turned_positions(account_id=account_id):
                place = places([pair])[pair]
                did |= _leave_now(place, moment, f"turned:{place.held}:{moment.isoformat()}", 0)
                log.error("group.both_filled", bot=place.slug, symbol=place.symbol)
    return did


def _leave_now(place: Place, moment: datetime, scheduled: str, attempt: int) -> bool:
    """Record an exit of all that is held, at market and without a price bound."""
    book = pair_books([place.pair])[place.pair]
    amount = floor_to(abs(place.held) - book.leaving, place.rules.amount_step)
    if amount <= ZERO:
        return False
    want = Wanted(
        place, leave(place=place, amount=amount, at=moment),
        leaving_around(place=place, leaving=book.leaving, moment=moment),
        scheduled=scheduled, leg=f"{place.symbol}:emergency", origin="timeout", attempt=attempt,
        replaces_id=book.stop_id, reason=scheduled.split(":", maxsplit=1)[0],
    )  # fmt: skip
    [made] = record_orders(wanted=[want], moment=moment)
    return made.order_id is not None
