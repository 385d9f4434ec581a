"""Five bots, sixty orders, every fault by chance, crash and restart inside: a function of the seed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from apps.bots.models import Bot
from apps.orders.queries import held_amounts, unfinished_orders
from tests.simulation.border import Border
from tests.simulation.checks import differences
from tests.simulation.faults import Chances
from tests.simulation.rows import PRICES
from tests.simulation.stage import Stage
from tests.simulation.world import World

BOTS = 5
ORDERS = 60
FAULT_RATE = 0.12
TYPES = ("market", "limit", "limit", "limit")
TIMES_IN_FORCE = ("GTC", "GTC", "GTC", "IOC", "FOK")


@dataclass
class Result:
    """What a seed came to; `trace` is the same bytes wherever and whenever it runs."""

    seed: int
    violations: list[str]
    struck: Counter[str]
    virtual_seconds: float
    trace: bytes = b""
    orders: int = 0
    crashes: int = 0


@dataclass
class Story:
    """The course of one seed."""

    seed: int
    world: World
    random: random.Random
    prices: dict[str, Decimal] = field(
        default_factory=lambda: {symbol: Decimal(price) for symbol, price in PRICES.items()}
    )
    ordered: int = 0

    def tell(self) -> Result:
        world = self.world
        while self.ordered < ORDERS:
            self._decide()
            self._move_prices()
            world.clock.sleep(self.random.choice((0.2, 1, 1, 3, 15)))
            world.turn()
            if self.random.random() < 0.6:
                world.hear()
            if self.random.random() < 0.08:
                world.cancel(*self._some_names())
            if self.random.random() < 0.05:
                world.reconcile()
        is_settled = self._end()
        return self._result([] if is_settled else ["not settled"])

    def _decide(self) -> None:
        for _ in range(self.random.randint(1, 4)):
            bot = self.random.choice(self.world.rows.bots)
            symbol = self.random.choice(sorted(self.prices))
            self._order(bot, symbol)
            self.ordered += 1

    def _order(self, bot: Bot, symbol: str) -> None:
        instrument = self.world.rows.instruments[symbol]
        held = held_amounts(pairs=[(bot.id, instrument.id)]).get(
            (bot.id, instrument.id), Decimal(0)
        )
        step = instrument.amount_step
        # the judge lets no bot leave with more than it holds
        leaves = self._unfinished(bot.id, instrument.id, "reduce")
        sells = held > 100 * step and self.random.random() < 0.5 and not leaves
        side = "sell" if sells else "buy"
        kind = self.random.choice(TYPES)
        price = self.prices[symbol]
        amount = Decimal(self.random.randint(1, 9)) / 2
        if sells:
            amount = (held // step) * step
        away = Decimal(self.random.randint(-3, 5)) / 100
        limit = (price * (1 - away / 100 if side == "buy" else 1 + away / 100)).quantize(
            instrument.price_tick
        )
        terms = {"side": side, "type": kind, "amount": amount}
        if kind != "market":
            terms["price"] = limit
        if kind == "limit":
            terms["time_in_force"] = self.random.choice(TIMES_IN_FORCE)
        if sells:
            stops = self._unfinished(bot.id, instrument.id, "protect")
            terms |= {"purpose": "reduce", "replaces_id": stops[-1] if stops else None}
        send_by = self.world.clock.now() + timedelta(seconds=self.random.choice((20, 120, 3600)))
        self.world.order(bot, instrument, send_by=send_by, **terms)

    def _unfinished(self, bot_id: UUID, instrument_id: int, *purposes: str) -> list[UUID]:
        return [
            order.id
            for order in unfinished_orders(account_id=self.world.account_id)
            if (order.bot_id, order.instrument_id) == (bot_id, instrument_id)
            and order.purpose in purposes
        ]

    def _move_prices(self) -> None:
        for symbol in sorted(self.prices):
            step = Decimal(self.random.randint(-10, 10)) / 10000
            tick = self.world.rows.instruments[symbol].price_tick
            self.prices[symbol] = (self.prices[symbol] * (1 + step)).quantize(tick)
            size = str(self.random.choice((1, 2, 5, 20)))
            self.world.exchange.tick(symbol, self.prices[symbol], size=size)
            self.world.rows.quote(symbol, self.prices[symbol], self.world.clock.now())

    def _some_names(self) -> list[str]:
        found = [
            order.client_order_id
            for order in unfinished_orders(account_id=self.world.account_id)
            if order.purpose != "protect"
        ]
        return self.random.sample(found, min(3, len(found))) or ["none"]

    def _end(self) -> bool:
        """Ask for what rests to be cancelled and let everything be told."""
        self.world.faults.calm()
        for _ in range(6):
            self.world.clock.sleep(10)
            self.world.turn()
            self.world.hear()
        self.world.cancel()
        return self.world.settle()

    def _result(self, violations: list[str]) -> Result:
        world = self.world
        violations += differences(world)
        for asset, amount in sorted(world.exchange.balances().items()):
            world.trace(f"balance {asset} {amount.normalize():f}")
        seconds = (world.clock.ms - world.clock.start_ms) / 1000
        return Result(
            self.seed, violations, world.faults.struck, seconds,
            "\n".join(world.lines).encode(), self.ordered, world.crashes,
        )  # fmt: skip


def run_seed(stage: Stage, seed: int, *, border: type[Border] = Border) -> Result:
    """Play one seed on a stage and return what it came to."""
    chance = random.Random(seed)
    name = f"seed-{seed}" if border is Border else f"seed-{seed}-{border.__name__.lower()}"
    world = stage.world(name, Chances(chance, FAULT_RATE), bots=BOTS, border=border)
    world.is_protecting = True
    return Story(seed, world, chance).tell()
