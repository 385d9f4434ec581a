"""Step 6: judge each proposed order, seeing the earlier verdicts of the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from apps.core.domain.money import plain
from apps.orders.domain.drafts import OrderDraft
from apps.orders.domain.exits import entry_position_side, exit_flags
from apps.risk.domain.forms import (
    BotScope,
    EffectiveLimits,
    Exposure,
    Holding,
    Judgement,
    Margin,
    ProposedOrder,
    StopSlots,
    Surroundings,
)
from apps.risk.domain.judge import judge, reserve
from apps.risk.domain.verdicts import VerdictItem, refusal_json
from apps.risk.queries import effective_limits, trading_states
from apps.trading.domain.batch import Batch
from apps.trading.domain.batch import Holding as Held
from apps.trading.domain.proposals import guarded, propose
from apps.trading.domain.wishes import Decision, Wish, aim, execution_of, terms
from apps.trading.queries.books import PairBook, Scope, exposures, pair_books, stop_counts
from apps.trading.queries.margin import margins

# Market time within which an order must leave; a later one would act on an old decision.
SEND_WITHIN: Final = {"entry": timedelta(seconds=15), "reduce": timedelta(minutes=5)}


@dataclass(frozen=True, slots=True)
class Item:
    """A judged proposal with the wish it came from; `stop_id` must end before it is sent."""

    decision: Decision
    wish: Wish
    proposed: ProposedOrder
    judgement: Judgement
    stop_id: UUID | None

    def as_verdict(self, at: datetime, cycle_at: datetime) -> VerdictItem:
        """Return what `record_verdicts` writes."""
        return VerdictItem(self.proposed, self.judgement, at=at, cycle_at=cycle_at)


@dataclass(slots=True)
class Judged:
    """All judged proposals of a batch, and open entries that nobody wants any more."""

    items: list[Item] = field(default_factory=list)
    stale_entries: list[UUID] = field(default_factory=list)

    @property
    def ordered(self) -> int:
        """How many became orders."""
        return sum(item.judgement.is_allowed for item in self.items)

    @property
    def denied(self) -> int:
        """How many were refused."""
        return len(self.items) - self.ordered


@dataclass(frozen=True, slots=True)
class _Court:
    """What was read under the lock, for all proposals of the batch."""

    books: Mapping[tuple[UUID, int], PairBook]
    exposure: dict[Scope, Exposure]
    limits: Mapping[tuple[UUID, int], EffectiveLimits]
    states: Mapping[UUID, Mapping[int, str]]
    slots: dict[int, StopSlots]
    margins: Mapping[tuple[UUID, int], Margin]
    market_now: datetime
    venue: str


def judge_wishes(*, batch: Batch, decisions: Sequence[Decision]) -> Judged:
    """Return the verdict on every wish that trades: exits first, then entries, in a fixed order.

    Call it with the books locked. Each allowed order is reserved before the next is judged.
    """
    judged = Judged()
    if not decisions:
        return judged
    wishes = [(d, w) for d in decisions for w in d.wishes if w.action in {"ENTER", "EXIT"}]
    court = _read_court(batch, wishes)
    for decision, wish in sorted(wishes, key=lambda pair: pair[1].action != "EXIT"):
        book = court.books[decision.bot.bot_id, wish.instrument.id]
        # between the first reading and the lock a fill may have come in
        price = batch.prices.get(wish.instrument.id)
        wish.held = Held(book.amount, book.basis)
        aim(wish, opening=book.opening, price=price.price if price else None)
        if wish.action == "EXIT" and book.entries:
            judged.stale_entries += book.entries
        sizing, _ = terms(decision.bot.sizing, decision.bot.protection)
        proposed = wish.action in {"ENTER", "EXIT"} and propose(
            wish=wish, account_id=batch.account_id, bot_id=decision.bot.bot_id, price=price,
            leaving=book.leaving, order_type=sizing.order_type,
        )  # fmt: skip
        if proposed:
            execution = execution_of(decision.bot.execution)
            tick = wish.instrument.rules.price_tick
            ready = guarded(proposed=proposed, execution=execution, tick=tick)
            if ready.purpose == "reduce":
                ready = replace(ready, reduce_only=_exit_flags(batch, wish, ready)[0])
            judged.items.append(_judge(decision, wish, ready, court))
            if ready.purpose == "reduce" and judged.items[-1].judgement.is_allowed:
                judged.stale_entries += book.targets or []
    return judged


def _read_court(batch: Batch, wishes: Sequence[tuple[Decision, Wish]]) -> _Court:
    bots = {decision.bot.bot_id: decision.bot for decision, _ in wishes}
    pairs = [(decision.bot.bot_id, wish.instrument.id) for decision, wish in wishes]
    instrument_ids = sorted({instrument_id for _, instrument_id in pairs})
    scopes = [
        BotScope(b.bot_id, batch.account_id, batch.venue, b.stage, b.strategy, tuple(instrument_ids))
        for b in bots.values()
    ]  # fmt: skip
    stops = stop_counts(batch.account_id)
    exposure = exposures(bot_ids=list(bots), day=batch.now.date())
    for scope in (
        ("desk", None), ("account", batch.account_id), *(("bot", b) for b in bots),
        *(("instrument", i) for i in instrument_ids),
    ):  # fmt: skip
        exposure.setdefault(scope, Exposure())
    return _Court(
        books=pair_books(pairs),
        exposure=exposure,
        limits=effective_limits(
            bots=[(bot_id, batch.account_id) for bot_id in bots], instrument_ids=instrument_ids
        ),
        states=trading_states(bots=scopes),
        slots={i: StopSlots(stops.get(i, 0)) for i in instrument_ids},
        margins=margins(
            account_id=batch.account_id,
            pairs=[(d.bot.bot_id, w.instrument.id) for d, w in wishes if w.instrument.is_linear],
        ),
        market_now=batch.now,
        venue=batch.venue,
    )


def _judge(decision: Decision, wish: Wish, proposed: ProposedOrder, court: _Court) -> Item:
    bot_id, instrument_id = proposed.bot_id, proposed.instrument_id
    book = court.books[bot_id, instrument_id]
    around = Surroundings(
        rules=wish.instrument.rules,
        holding=Holding(
            book.amount, book.entering_cost, book.leaving,
            mark=None if proposed.reference is None else proposed.reference.price,
        ),
        exposure={
            "desk": court.exposure["desk", None],
            "account": court.exposure["account", proposed.account_id],
            "bot": court.exposure["bot", bot_id],
            "instrument": court.exposure["instrument", instrument_id],
        },
        limits=court.limits.get((bot_id, instrument_id)),
        trading_state=court.states.get(bot_id, {}).get(instrument_id),
        is_paused=decision.bot.state == "paused",
        slots=court.slots[instrument_id],
        venue=court.venue,
        kind=wish.instrument.kind,
        market_now=court.market_now,
        margin=court.margins.get((bot_id, instrument_id)),
    )  # fmt: skip
    judgement = judge(proposed=proposed, around=around)
    reserve(proposed=proposed, judgement=judgement, around=around)
    if judgement.is_allowed:
        decision.ordered += 1
        wish.order = {
            "purpose": proposed.purpose, "side": proposed.side, "type": proposed.type,
            "amount": plain(proposed.amount),
        }  # fmt: skip
    else:
        decision.refused += 1
        wish.codes += [refusal_json(refusal) for refusal in judgement.refusals]
    stop_id = book.stop_id if proposed.purpose == "reduce" else None
    return Item(decision, wish, proposed, judgement, stop_id)


def order_draft(*, batch: Batch, item: Item, verdict_id: UUID, at: datetime) -> OrderDraft:
    """Return the order to record for an allowed proposal; `at` is real time."""
    proposed = item.proposed
    return OrderDraft(
        verdict_id=verdict_id,
        account_id=batch.account_id,
        bot_id=proposed.bot_id,
        config_id=item.decision.bot.config_id,
        instrument_id=proposed.instrument_id,
        purpose=proposed.purpose,
        side=proposed.side,
        type=proposed.type,
        amount=proposed.amount,
        price=proposed.price,
        worst_price=proposed.worst_price,
        tend_at=tend_at(proposed, item.decision.bot.execution, batch.now),
        decided_at=at,
        send_by=batch.now + SEND_WITHIN[proposed.purpose],
        scheduled=batch.at.isoformat(),
        leg=f"{item.wish.instrument.symbol}:{proposed.purpose}",
        arrival_price=proposed.reference.price if proposed.reference else None,
        cycle_at=batch.at,
        replaces_id=item.stop_id,
        reduce_only=proposed.reduce_only,
        position_side=_position_side(batch, item),
    )


def _exit_flags(batch: Batch, wish: Wish, proposed: ProposedOrder) -> tuple[bool, str]:
    return exit_flags(
        kind=wish.instrument.kind, position_mode=batch.position_mode, side=proposed.side
    )


def _position_side(batch: Batch, item: Item) -> str:
    if item.proposed.purpose != "entry":
        return _exit_flags(batch, item.wish, item.proposed)[1]
    return entry_position_side(
        kind=item.wish.instrument.kind, position_mode=batch.position_mode, side=item.proposed.side
    )


def tend_at(proposed: ProposedOrder, execution: str, moment: datetime) -> datetime | None:
    """Return when (market time) an order that may rest is looked after; none for market orders."""
    if proposed.type == "market" or proposed.purpose == "protect":
        return None
    return moment + timedelta(seconds=execution_of(execution).unfilled_timeout_seconds)
