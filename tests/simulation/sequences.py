"""One order's path with up to three faults on it, in every order and with repetition."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal

from apps.orders.queries import unfinished_orders
from tests.simulation.checks import differences
from tests.simulation.faults import SEQUENCE_KINDS, Sequence
from tests.simulation.world import World

PATHS_MAX = 6
SYMBOL = "BTC/USDT"


def sequences(first: str) -> Iterator[tuple[str, ...]]:
    """Return the 1 + 12 + 144 sequences that begin with `first`."""
    for length in range(3):
        for rest in itertools.product(SEQUENCE_KINDS, repeat=length):
            yield (first, *rest)


def walk(world: World) -> list[str]:
    """Walk orders along their path until every fault has struck; return what is wrong at the end.

    Each order is a limit buy that takes three of five at once, gets one more later, and whose
    rest is cancelled.
    """
    faults = world.faults
    assert isinstance(faults, Sequence)
    paths = 0
    while faults.left and paths < PATHS_MAX:
        paths += 1
        _path(world)
        if faults.left:
            world.reconcile()
    wrong = [] if world.settle() else ["not settled"]
    if faults.left:
        wrong.append(f"never struck: {faults.left}")
    wrong += differences(world)
    arrived = len(world.exchange.orders())
    if arrived != paths:
        wrong.append(f"{paths} orders were wanted, {arrived} arrived")
    return wrong


def _path(world: World) -> None:
    bot, instrument = world.rows.bots[0], world.rows.instruments[SYMBOL]
    world.exchange.tick(SYMBOL, Decimal(50_000), size="3")
    world.order(bot, instrument, amount=Decimal(5), price=Decimal("50000.01"))
    _until(world, {"open", "partially_filled"})
    world.exchange.tick(SYMBOL, Decimal("49999.99"), size="1", levels=1)
    _round(world)
    world.cancel()
    _until(world, set())


def _round(world: World) -> None:
    world.clock.sleep(1)
    world.turn()
    world.hear()


def _until(world: World, statuses: set[str]) -> None:
    """Let rounds pass until no unfinished order is left outside `statuses`."""
    for _ in range(40):
        _round(world)
        if all(o.status in statuses for o in unfinished_orders(account_id=world.account_id)):
            return
