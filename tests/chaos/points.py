"""The crash points along the road of an order, and how a process is made to fail at each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KINDS = ("SIGKILL", "SIGQUIT", "cut connection")


@dataclass(frozen=True, slots=True)
class Point:
    """Where a worker fails: before or after a function (`module:name`) is called for the nth time.

    `only` narrows the calls that count: "news" where the result says that something was done,
    "order" where a request to place an order is on the wire. `leg` is the part of the story in
    which it happens, `faults` are knobs of the exchange armed before it.
    """

    name: str
    target: str
    when: str
    leg: str = "entry"
    nth: int = 1
    only: str = ""
    faults: tuple[dict[str, Any], ...] = field(default=())


UNCLEAR = ({"kind": "http_503_unknown", "count": 1},)
LIMITED = ({"kind": "rate_limited", "count": 1, "ms": 1000},)

POINTS = (
    Point("decision written, not committed", "apps.trading.actions.record_decisions:_close_cycles", "after"),
    Point("orders committed", "apps.trading.actions.run_cycle:record_decisions", "after"),
    Point("claimed", "apps.orders.actions.send_orders:claim_orders", "after"),
    Point("permit held", "apps.orders.actions.send_wave:_answers", "before"),
    Point("first byte sent", "aiohttp.client_reqrep:ClientResponse.start", "before", only="order"),
    Point("answer received", "apps.orders.actions.send_wave:_answers", "after"),
    Point("answer stored", "apps.orders.actions.send_orders:store_answers", "after"),
    Point("absorbed, not committed", "apps.portfolio.actions.absorb:_close", "after"),
    Point("absorbed", "apps.trading.actions.run_account:absorb", "after", only="news"),
    Point("doubt: asked", "apps.orders.actions.resolve_orders:_ask_all", "after", faults=UNCLEAR),
    Point("queued anew, not committed", "apps.orders.actions.store_answers:requeue_orders", "after", faults=LIMITED),
    Point("stop recorded", "apps.trading.actions.run_account:protect_positions", "after", only="news"),
    Point("stop: first byte sent", "aiohttp.client_reqrep:ClientResponse.start", "before", nth=2, only="order"),
    Point("cancel answered, not stored", "apps.orders.actions.send_cancels:_gather", "after", leg="exit"),
    Point("cancel stored", "apps.orders.actions.send_cancels:_send_wave", "after", leg="exit"),
)  # fmt: skip
