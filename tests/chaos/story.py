"""One trip of a fresh account: in, protected, out again; and the run of the matrix made of it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction

from apps.bots.actions.start import start
from apps.bots.actions.stop import stop
from apps.bots.models import Bot, Cycle
from apps.core.domain.money import floor_to
from apps.marketdata.models import Instrument
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.send_orders import send_orders
from apps.orders.models import Order
from apps.portfolio.actions.absorb import absorb
from apps.trading.actions.close_position import close_position
from apps.venues.models import VenueAccount
from tests.chaos import checks
from tests.chaos.points import Point
from tests.chaos.stack import ANNA, SYMBOL, Stack, poll, wait_for
from tests.factories import make_draft

RECOVERY_SECONDS = 30.0
PATIENCE_SECONDS = 75.0
PAUSE_SECONDS = 10.0


@dataclass(slots=True)
class Run:
    """What became of one run; `recovered` is seconds from the failure until nothing was left to do."""

    point: str
    kind: str
    whole: bool
    recovered: float | None = None
    detail: str = ""
    violations: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Trip:
    """An account with a bot that buys at the next candle, and a sibling whose order rests."""

    stack: Stack
    name: str
    account: VenueAccount
    sibling: Bot
    bot: Bot
    resting: str
    before: list[tuple[Any, ...]]

    @classmethod
    def begin(cls, stack: Stack, name: str) -> Trip:
        """Open the account; the sibling's order is at the exchange, the bot has not decided yet."""
        account = stack.open_account(name)
        sibling = stack.draft(account, f"{name}-sibling")
        # its cycle of this candle is over, so that no nudge lets it decide beside the order below
        Cycle.objects.create(
            bot=sibling, scheduled_for=stack.at, config_id=sibling.config_id, status="done",
            outcome="HOLD", opened_at=stack.at, closed_at=stack.at,
        )  # fmt: skip
        sibling = start(actor=ANNA, bot_id=sibling.id)
        resting = _rest(stack, account, sibling)
        # what its answer said is absorbed: from here nothing may change about it
        stack.settle(account)
        bot = stack.draft(account, f"{name}-bot")
        return cls(stack, name, account, sibling, bot, resting, checks.traces(sibling))

    def enter(self, *, nudge: bool = True) -> None:
        """Let the candle come at which the bot buys."""
        self.stack.candle(self.account)
        # started before, it would decide on the candle before, and be too late after this one
        if Bot.objects.get(id=self.bot.id).state == "draft":
            start(actor=ANNA, bot_id=self.bot.id)
        if nudge:
            self.stack.nudge(self.account)

    def leave(self, *, nudge: bool = True) -> None:
        """Close the position by hand."""
        instrument = Instrument.objects.get(symbol=SYMBOL)
        close_position(actor=ANNA, bot_id=self.bot.id, instrument_id=instrument.id, reason="chaos")
        if nudge:
            self.stack.nudge(self.account)

    def is_done(self, *, holds: bool) -> bool:
        """Return whether nothing is left to do, and the bot holds something (or nothing)."""
        quiet = not self.stack.reasons(self.account)
        return quiet and (checks.held(self.bot) > Decimal("0.0001")) is holds

    def wait(self, *, holds: bool, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until `is_done`, or fail with what is left."""
        wait_for(
            lambda: self.is_done(holds=holds), seconds,
            lambda: (self.stack.reasons(self.account), checks.traces(self.bot)),
        )  # fmt: skip

    def there(self) -> list[tuple[Any, ...]]:
        """Return the orders that the exchange has of this account, without the sibling's."""
        found = checks.Venue(self.stack.simulator.database, self.name).orders
        return [order for order in found if order[0] != self.resting]

    def violations(self, *sides: str) -> list[str]:
        """Stop the bot and return everything that must not be; it has traded once on each side."""
        stop(actor=ANNA, bot_id=self.bot.id, reason="over")
        venue = checks.Venue(self.stack.simulator.database, self.name)
        found = checks.differences(account=self.account, venue=venue)
        for side in sides:
            found += checks.unlike_one_exposure(bot=self.bot, side=side)
        found += checks.late_departures(self.account)
        found += checks.broken_invariants()
        still = next(order[2] for order in venue.orders if order[0] == self.resting)
        touched = checks.changes(self.before, checks.traces(self.sibling))
        if touched or still != "NEW":
            found.append(f"the sibling bot was touched: {still} {touched}")
        return found

    def end(self) -> None:
        self.stack.leave()


def play(stack: Stack, point: Point, kind: str, *, number: int, whole: bool) -> Run:
    """Play one run and look at everything it must not have done."""
    run = Run(point.name, kind, whole)
    trip = Trip.begin(stack, f"run-{number}")
    plan = {"run": number, "point": point.name, "kind": kind, "whole": whole}
    try:
        if point.leg == "entry":
            stack.arm(trip.name, *point.faults)
            stack.plan(**plan)
        trip.enter()
        _finish(trip, run, fails=point.leg == "entry", holds=True)
        if point.leg == "exit":
            stack.plan(**plan)
        trip.leave()
        _finish(trip, run, fails=point.leg == "exit", holds=False)
    except AssertionError as error:
        run.violations.append(str(error))
    run.violations += trip.violations("buy", "sell")
    if run.recovered is not None and run.recovered > RECOVERY_SECONDS:
        run.detail += f" slower than {RECOVERY_SECONDS:.0f} s"
    trip.end()
    return run


def _finish(trip: Trip, run: Run, *, fails: bool, holds: bool) -> None:
    """Wait until the leg is done; note how long it took after the failure."""
    stack = trip.stack
    if not fails:
        trip.wait(holds=holds)
        return
    wait_for(stack.struck, 45, lambda: f"not come past this point: {stack.reasons(trip.account)}")
    told = stack.struck()
    assert told is not None
    struck = float(told["at"])
    if run.kind == "SIGSTOP":
        time.sleep(PAUSE_SECONDS)
        os.kill(told["pid"], signal.SIGCONT)
        struck = time.time()
    trip.wait(holds=holds)
    run.recovered = time.time() - struck
    worker = stack.worker
    if worker.started_at > struck:
        down, back = worker.ended_at - struck, worker.started_at - struck
        run.detail = f"(ended after {down:.1f} s, started again after {back:.1f} s)"


def _rest(stack: Stack, account: VenueAccount, bot: Bot) -> str:
    """Let an order of the bot rest far below the market; return its client order id."""
    instrument = Instrument.objects.get(symbol=SYMBOL)
    price = floor_to(Decimal(40_000), instrument.price_tick)
    draft = make_draft(
        bot, type="limit", price=price, amount=Decimal("0.01"),
        decided_at=stack.at, send_by=stack.at.replace(year=stack.at.year + 1),
    )  # fmt: skip
    with transaction.atomic():
        [order_id] = create_orders(drafts=[draft])

    def is_open() -> bool:
        # a worker may have been nudged meanwhile and be the sender
        send_orders(account_id=account.id)
        absorb(account_id=account.id)
        return Order.objects.get(id=order_id).status == "open"

    assert poll(is_open, 20)
    stop(actor=ANNA, bot_id=bot.id, reason="its order stays")
    return Order.objects.get(id=order_id).client_order_id
