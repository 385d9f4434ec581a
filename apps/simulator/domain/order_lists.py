"""Order lists: one cancels the other. The balance is held once, by the leg that needs most."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from apps.core.domain.money import ZERO
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.orders import STOP_TYPES, Effects, Order, OrderList, Report
from apps.simulator.domain.refusals import Refusal
from apps.simulator.domain.settlement import close, lock

LISTS_MAX: Final = 20
LIMIT_LEG: Final = "LIMIT_MAKER"


@dataclass(frozen=True, slots=True)
class Legs:
    """Types of the leg above and of the leg below the market, and the side of both."""

    side: str
    above: str
    below: str

    def check(self) -> None:
        """Check that these two types can be a pair.

        :raises Refusal: -1158, -1165, -1166, -1168, -1196, -1197, -1198, -1199.
        """
        kinds = (self.above, self.below)
        if any(kind not in {LIMIT_LEG, *STOP_TYPES} for kind in kinds):
            raise Refusal(-1158, "Order type not supported in OCO.")
        if kinds == (LIMIT_LEG, LIMIT_LEG):
            raise Refusal(-1168, "At least one OCO order must be contingent.")
        # What a leg on the wrong side of the market is told, by side, place and type.
        wrong = {
            ("BUY", "above", "LIMIT"): (-1165, "A limit order in a buy OCO must be below."),
            ("SELL", "below", "LIMIT"): (-1166, "A limit order in a sell OCO must be above."),
            ("BUY", "below", "STOP"): (-1196, "A stop loss order in a buy OCO must be above."),
            ("SELL", "above", "STOP"): (-1197, "A stop loss order in a sell OCO must be below."),
            ("BUY", "above", "TAKE"): (-1198, "A take profit order in a buy OCO must be below."),
            ("SELL", "below", "TAKE"): (-1199, "A take profit order in a sell OCO must be above."),
        }
        for place, kind in zip(("above", "below"), kinds, strict=True):
            found = wrong.get((self.side, place, kind.partition("_")[0]))
            if found is not None:
                raise Refusal(*found)


def reference_price(order: Order) -> Decimal:
    """Return the price (quote units) at which a leg begins to act, zero when that is open."""
    return order.price if order.type == LIMIT_LEG else order.stop_price


def enter(ledger: Ledger, effects: Effects, wanted: OrderList, legs: list[Order]) -> None:
    """Enter an accepted list with its legs, which have been checked, and hold the balance once."""
    ledger.last_list_id += 1
    wanted.order_list_id = ledger.last_list_id
    for order in legs:
        order.order_id, order.order_list_id = ledger.next_order_id(), wanted.order_list_id
        ledger.add(order)
    lock(ledger, dearest(legs))
    wanted.legs = tuple((order.order_id, order.client_order_id) for order in legs)
    ledger.lists[wanted.order_list_id] = wanted
    effects.lists[wanted.order_list_id] = wanted
    _tell(effects, wanted, legs[0], Report("EXEC_STARTED", legs[0], wanted.created_ms))
    for order in legs:
        ledger.tell(effects, order, Report("NEW", order, wanted.created_ms))


def dearest(legs: list[Order]) -> Order:
    """Return the leg that must hold the most; the first of equals, as legs of a sell are."""
    return max(legs, key=lambda order: order.lock_price if order.side == "BUY" else ZERO)


def siblings(ledger: Ledger, order: Order) -> list[Order]:
    """Return the other open legs of the list that `order` is in."""
    if order.order_list_id < 0:
        return []
    return [
        other
        for other in ledger.orders_of(order.account_id, order.symbol)
        if other.order_list_id == order.order_list_id and other is not order
    ]


def end_siblings(ledger: Ledger, effects: Effects, order: Order, *, at_ms: int) -> None:
    """Expire the other legs because `order` fills or triggers, and hand it what they held."""
    others = siblings(ledger, order)
    for other in others:
        close(ledger, effects, other, Report("EXPIRED", other, at_ms))
    if others and not order.locked:
        lock(ledger, order)


def settle_lists(ledger: Ledger, effects: Effects, *, at_ms: int) -> None:
    """Close the lists of which no leg is open any more, and tell their owners."""
    ended = [
        order for order in effects.orders.values() if order.order_list_id >= 0 and not order.is_open
    ]
    for order in ended:
        found = ledger.lists.get(order.order_list_id)
        if found is None or siblings(ledger, order):
            continue
        del ledger.lists[order.order_list_id]
        found.status = "ALL_DONE"
        effects.lists[found.order_list_id] = found
        _tell(effects, found, order, Report("ALL_DONE", order, at_ms))


def tell_renamed(ledger: Ledger, effects: Effects, order: Order, *, at_ms: int) -> None:
    """Note that a leg goes by another client order id now; nothing for an order outside lists."""
    found = ledger.lists.get(order.order_list_id)
    if found is not None:
        names = dict(found.legs) | {order.order_id: order.client_order_id}
        found.legs = tuple(names.items())
        _tell(effects, found, order, Report("UPDATED", order, at_ms))


def _tell(effects: Effects, wanted: OrderList, order: Order, report: Report) -> None:
    effects.report(replace(report, order=order, listed=wanted))
