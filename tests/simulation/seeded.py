"""Five bots, sixty orders, every fault by chance, crash and restart inside: a function of the seed.

One account on spot or on perpetuals; beside the bots people trade through the desk and past it,
halts are pressed, exits stand as stops, trailing stops and pairs.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from apps.orders.queries import unfinished_orders
from tests.simulation.border import Border
from tests.simulation.checks import differences
from tests.simulation.deeds import Deeds
from tests.simulation.faults import Chances
from tests.simulation.halts import Halts
from tests.simulation.rows import MARKETS, SPOT, STOP_ONLY, Market
from tests.simulation.stage import Stage
from tests.simulation.strangers import Strangers
from tests.simulation.world import World

ORDERS = 60
FAULT_RATE = 0.12
# one for each of the five bots
PROTECTIONS: tuple[Mapping[str, str], ...] = (
    STOP_ONLY, STOP_ONLY,
    {"stop_loss": "0.05", "take_profit": "0.004"},
    {"stop_loss": "0.05", "trailing_stop": "0.01"},
    {"stop_loss": "0.05", "trailing_stop": "0.004", "take_profit": "0.006"},
)  # fmt: skip
PAUSES = (0.2, 1, 1, 3, 15)
HOURS_SECONDS = 3 * 3600


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


class Story:
    """The course of one seed."""

    def __init__(self, seed: int, world: World, chance: random.Random) -> None:
        self.seed = seed
        self.world = world
        self.random = chance
        self.prices = {s: Decimal(price) for s, price in world.rows.market.prices.items()}
        self.deeds = Deeds(world, chance, self.prices)
        self.strangers = Strangers(world, chance, self.deeds.entry_sides())
        self.halts = Halts(world, chance)
        world.press_halt = self.halts.press
        world.refresh = self._fill_books

    def tell(self) -> Result:
        world = self.world
        while self.deeds.ordered < ORDERS:
            self.deeds.decide()
            self._move_prices()
            world.clock.sleep(self.random.choice(PAUSES))
            world.turn()
            self._maybe()
            self.halts.follow()
        is_settled = self._end()
        return self._result([] if is_settled else ["not settled"])

    def _maybe(self) -> None:
        """Let happen what happens now and then."""
        world, chance = self.world, self.random.random
        if chance() < 0.6:
            world.hear()
        if chance() < 0.4:
            self.deeds.ask()
        if chance() < 0.08:
            world.cancel(*self._some_names())
        if chance() < 0.06:
            self.strangers.act(late=self.deeds.ordered > ORDERS * 2 // 3)
        if chance() < 0.05:
            world.reconcile()
        if world.rows.market.is_linear and chance() < 0.02:
            self._let_hours_pass()

    def _let_hours_pass(self) -> None:
        """Let time pass over a moment at which funding is paid."""
        self.world.clock.sleep(HOURS_SECONDS)
        self.world.contracts.pay_funding()
        self._move_prices()

    def _move_prices(self) -> None:
        for symbol in sorted(self.prices):
            step = Decimal(self.random.randint(-10, 10)) / 10000
            tick = self.world.rows.instruments[symbol].price_tick
            self.prices[symbol] = (self.prices[symbol] * (1 + step)).quantize(tick)
            size = Decimal(self.random.choice((1, 2, 5, 20))) / 50
            deeper = 1 if symbol.startswith("BTC") else 25
            self.world.exchange.tick(symbol, self.prices[symbol], size=str(size * deeper))
        self.world.rows.quote(self.prices, self.world.clock.now())

    def _fill_books(self) -> None:
        """Let the prices stand still over deep books, so that whoever wants out gets out."""
        for symbol, price in sorted(self.prices.items()):
            self.world.exchange.tick(symbol, price, size="100")
        self.world.rows.quote(self.prices, self.world.clock.now())

    def _some_names(self) -> list[str]:
        unfinished = unfinished_orders(account_id=self.world.account_id)
        found = [o.client_order_id for o in unfinished if o.purpose != "protect"]
        return self.random.sample(found, min(3, len(found))) or ["none"]

    def _end(self) -> bool:
        """Ask for what rests to be cancelled and let everything be told."""
        world = self.world
        world.faults.calm()
        for _ in range(6):
            self._go_on(10)
        world.cancel()
        for _ in range(20):
            if self.halts.release():
                break
            self._go_on(30)
        return self.halts.release() and world.settle()

    def _go_on(self, seconds: float) -> None:
        """Let the desk do what is left, and time pass."""
        self.world.clock.sleep(seconds)
        self._fill_books()
        self.world.turn()
        self.world.hear()
        self.halts.follow()

    def _result(self, violations: list[str]) -> Result:
        world = self.world
        violations += self.halts.wrong + differences(world)
        for asset, amount in sorted(world.exchange.balances().items()):
            world.trace(f"balance {asset} {amount.normalize():f}")
        seconds = (world.clock.ms - world.clock.start_ms) / 1000
        return Result(
            self.seed, violations, world.faults.struck, seconds,
            "\n".join(world.lines).encode(), self.deeds.ordered, world.crashes,
        )  # fmt: skip


def market_of(seed: int) -> Market:
    """Return where a seed trades: two thirds on spot."""
    chosen = random.Random(f"market {seed}").random()
    return SPOT if chosen < 0.65 else random.Random(f"linear {seed}").choice(MARKETS[1:])


def run_seed(stage: Stage, seed: int, *, border: type[Border] = Border) -> Result:
    """Play one seed on a stage and return what it came to."""
    chance = random.Random(seed)
    name = f"seed-{seed}" if border is Border else f"seed-{seed}-{border.__name__.lower()}"
    world = stage.world(
        name, Chances(chance, FAULT_RATE), market=market_of(seed), protections=PROTECTIONS,
        border=border,
    )  # fmt: skip
    world.is_protecting = True
    return Story(seed, world, chance).tell()
