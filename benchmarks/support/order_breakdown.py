"""Where the time of one order goes, step by step, on the wall clock."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import iscoroutinefunction
from typing import Any, Final

import aiohttp

from apps.orders.actions import send_orders, send_wave, start_sending
from apps.venues.gateways.gateway import Gateway
from benchmarks.support import order_path

# in the order of the path; a step that is indented is part of the one above it
STEPS: Final[dict[str, tuple[Any, str]]] = {
    "recorded": (order_path, "create_orders"),
    "send lock, what waits": (start_sending, "run"),
    "rate tokens": (send_orders, "admit_orders"),
    "claimed and flushed, the permit meanwhile": (send_orders, "claim_orders"),
    "wave": (send_wave, "call"),
    "  gateway": (Gateway, "create_order"),
    "    venue": (aiohttp.ClientSession, "_request"),
    "stored and flushed": (send_orders, "store_answers"),
}


@contextmanager
def _watched(taken: dict[str, list[float]]) -> Iterator[None]:
    kept = {name: getattr(*place) for name, place in STEPS.items()}
    for name, (owner, attribute) in STEPS.items():
        setattr(owner, attribute, _timed(kept[name], taken[name]))
    try:
        yield
    finally:
        for name, (owner, attribute) in STEPS.items():
            setattr(owner, attribute, kept[name])


def _timed(function: Callable[..., Any], into: list[float]) -> Callable[..., Any]:
    async def awaited(*args: Any, **values: Any) -> Any:
        started = time.perf_counter()
        try:
            return await function(*args, **values)
        finally:
            into.append(time.perf_counter() - started)

    def called(*args: Any, **values: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*args, **values)
        finally:
            into.append(time.perf_counter() - started)

    return awaited if iscoroutinefunction(function) else called


def breakdown(bench: order_path.Bench, rounds: int) -> None:
    """Print the median of each step of one order, in milliseconds."""
    for _ in range(order_path.WARM_UP):
        bench.desk_one()
    taken: dict[str, list[float]] = defaultdict(list)
    with _watched(taken):
        whole = [bench.desk_one() for _ in range(rounds)]
    medians = {name: 1000 * statistics.median(taken[name]) for name in STEPS}
    print(f"\none order: {1000 * statistics.median(whole):.2f} ms at p50, of which")
    for name, value in medians.items():
        print(f"  {name:<44}{value:6.2f}")
    steps = sum(value for name, value in medians.items() if not name.startswith(" "))
    print(
        f"  {'between (its commit, threads, Python)':<44}{1000 * statistics.median(whole) - steps:6.2f}"
    )
