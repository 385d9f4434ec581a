"""What goes out in one venue call: an order, or both legs of a pair that the venue ties."""

from __future__ import annotations

from collections.abc import Sequence

from apps.orders.domain.rows import Sendable

Unit = tuple[Sendable, ...]


def units(orders: Sequence[Sendable]) -> list[Unit]:
    """Return `orders` as units, each where its first order stands; a pair is stop, then target.

    A leg whose partner is not among `orders` goes alone.
    """
    legs: dict[object, list[Sendable]] = {}
    for order in orders:
        legs.setdefault(order.group_id if is_leg(order) else order.id, []).append(order)
    found: list[Unit] = []
    for group in legs.values():
        stops = [
            leg for leg in group if leg.stop_price is not None or leg.trailing_rate is not None
        ]
        if len(group) == 2 and len(stops) == 1:
            found.append((stops[0], *(leg for leg in group if leg is not stops[0])))
        else:
            found.extend((leg,) for leg in group)
    return found


def is_leg(order: Sendable) -> bool:
    """Return whether the venue itself ties this order to its partner."""
    return order.is_native_group and order.group_id is not None and not order.is_amendment


def waves(orders: Sequence[Sendable], *, size: int) -> list[list[Sendable]]:
    """Return `orders` in waves of about `size`, in their order; a pair is never split."""
    found: list[list[Sendable]] = [[]]
    for unit in units(orders):
        if len(found[-1]) >= size:
            found.append([])
        found[-1].extend(unit)
    return [wave for wave in found if wave]
