"""Take rate tokens for orders about to be claimed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from apps.orders.domain.rows import Sendable
from apps.venues.gateways.budget import Admission
from apps.venues.gateways.errors import VenueError
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call

log = structlog.get_logger(__name__)
PATIENCE_SECONDS: Final = 20.0


def admit_orders(*, gateway: Gateway, orders: Sequence[Sendable]) -> list[Sendable] | None:
    """Return those of `orders` that the shared rate budget lets go now, in their order.

    Exits come before entries. What is not admitted stays `created` and waits for its next turn.
    None when the venue cannot be reached.
    """
    exits = sum(order.purpose != "entry" for order in orders)
    try:
        granted = call(_admit(gateway, len(orders) - exits, exits), timeout=PATIENCE_SECONDS)
    except (VenueError, TimeoutError) as error:
        log.warning("send.venue_unreachable", error=str(error))
        return None
    left = {True: granted.entries, False: granted.exits}
    admitted = []
    for order in orders:
        is_entry = order.purpose == "entry"
        if left[is_entry] > 0:
            left[is_entry] -= 1
            admitted.append(order)
    return admitted


async def _admit(gateway: Gateway, entries: int, exits: int) -> Admission:
    # opens the session and reads the markets here, so that no wave spends its deadline on it
    await gateway.streams()
    return await gateway.admit_orders(entries=entries, exits=exits)
