"""Sell what a halt's scope holds, until it is flat."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from json import loads
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.bots.domain.execution import parse_execution
from apps.core.clock import now
from apps.core.domain.money import ZERO, floor_to
from apps.marketdata.clock import market_now
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.resolve_orders import resolve_orders
from apps.orders.actions.send_orders import send_orders
from apps.orders.domain.drafts import OrderDraft
from apps.orders.domain.exits import exit_flags
from apps.portfolio.actions.absorb import absorb
from apps.risk.actions.lock_books import lock_books
from apps.risk.actions.record_verdicts import record_verdicts
from apps.risk.domain.forms import Holding, ProposedOrder, Rules, Surroundings
from apps.risk.domain.judge import judge
from apps.risk.domain.verdicts import VerdictItem
from apps.supervision.models import HaltRun
from apps.supervision.queries import HeldPosition, flatten_orders, positions_in_scope
from apps.trading.domain.protection import worst_price

SEND_WITHIN: Final = timedelta(seconds=60)
# So many orders of a position are bound by the slippage guard; then it leaves at any price.
GUARDED_ATTEMPTS: Final = 3


def flatten_run(*, run: HaltRun) -> int:
    """Bring the run's positions one step closer to flat; return how many are not flat yet.

    Call it when the sweep has verified that neither entries nor stops are left. Dust below the
    venue's minimum counts as flat. One order a position at a time, at market, naming the halt, with
    the wide slippage guard while the price is fresh and the first orders lasted.

    :raises DeskError: when the venue or the books refuse; the next call goes on from there.
    """
    if run.flattened_at is not None:
        return 0
    account_id = run.account_id
    _order(run)
    send_orders(account_id=account_id)
    resolve_orders(account_id=account_id)
    absorb(account_id=account_id)
    made = flatten_orders(halt_id=run.restriction_id)
    left = [
        position
        for position in positions_in_scope(restriction=run.restriction, account_id=account_id)
        if not position.is_dust or made.get((position.bot_id, position.instrument_id), (0, 0))[1]
    ]
    if not left:
        run.flattened_at = now()
        run.save(update_fields=["flattened_at"])
    return len(left)


def _order(run: HaltRun) -> None:
    """Record a flatten order for each position that has none under way."""
    with transaction.atomic():
        lock_books(account_id=run.account_id)
        made = flatten_orders(halt_id=run.restriction_id)
        items, drafts = [], []
        for position in positions_in_scope(restriction=run.restriction, account_id=run.account_id):
            count, unfinished = made.get((position.bot_id, position.instrument_id), (0, 0))
            if unfinished or position.is_dust:
                continue
            item = _judged(run, position, worst=_worst(position, attempt=count))
            items.append(item)
            if item.judgement.is_allowed:
                drafts.append((item, position, count))
        verdicts = dict(zip(map(id, items), record_verdicts(items=items), strict=True))
        create_orders(
            drafts=[
                _draft(run, position, item=item, verdict_id=verdicts[id(item)], attempt=count)
                for item, position, count in drafts
            ]
        )


def _worst(position: HeldPosition, *, attempt: int) -> Decimal | None:
    """Return the guard's price; None where a guard could keep the position from ever leaving."""
    if attempt >= GUARDED_ATTEMPTS or not position.is_price_fresh:
        return None
    side = "sell" if position.amount > ZERO else "buy"
    rate = parse_execution(loads(position.execution)).slippage_rate("flatten")
    return worst_price(side=side, arrival=position.last, rate=rate, tick=position.price_tick)


def _judged(run: HaltRun, position: HeldPosition, *, worst: Decimal | None) -> VerdictItem:
    side = "sell" if position.amount > ZERO else "buy"
    proposed = ProposedOrder(
        account_id=run.account_id,
        bot_id=position.bot_id,
        instrument_id=position.instrument_id,
        purpose="flatten",
        side=side,
        type="market",
        amount=floor_to(abs(position.amount), position.amount_step),
        reduce_only=_flags(position, side)[0],
        worst_price=worst,
    )
    rules = Rules(
        position.price_tick, position.amount_step, position.amount_min, position.cost_min,
        position.stop_orders_max, position.is_tradable,
    )  # fmt: skip
    around = Surroundings(
        rules=rules, holding=Holding(amount=position.amount), exposure={}, limits=None,
        trading_state="halted",
    )  # fmt: skip
    return VerdictItem(proposed, judge(proposed=proposed, around=around), at=now())


def _flags(position: HeldPosition, side: str) -> tuple[bool, str]:
    return exit_flags(kind=position.kind, position_mode=position.position_mode, side=side)


def _draft(
    run: HaltRun, position: HeldPosition, *, item: VerdictItem, verdict_id: UUID, attempt: int
) -> OrderDraft:
    return OrderDraft(
        verdict_id=verdict_id,
        account_id=run.account_id,
        bot_id=position.bot_id,
        config_id=position.config_id,
        instrument_id=position.instrument_id,
        purpose="flatten",
        side=item.proposed.side,
        type="market",
        amount=item.proposed.amount,
        decided_at=now(),
        send_by=market_now() + SEND_WITHIN,
        scheduled=f"halt:{run.restriction_id}",
        leg=f"{position.symbol}:flatten",
        attempt=attempt,
        arrival_price=position.last,
        worst_price=item.proposed.worst_price,
        reduce_only=item.proposed.reduce_only,
        position_side=_flags(position, item.proposed.side)[1],
        halt_id=run.restriction_id,
    )
