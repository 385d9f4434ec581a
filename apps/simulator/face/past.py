"""What reads showed a while ago: the exchange as a replica that is behind would tell it."""

from __future__ import annotations

import time
from copy import copy
from typing import Any, Final

from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.orders import Order, Report
from apps.simulator.domain.refusals import no_such_order
from apps.simulator.face.futures.past import ContractPast
from apps.simulator.face.render import Json, queried, text

Held = tuple[str, str]
LISTS: Final = frozenset({"/api/v3/openOrders", "/api/v3/allOrders"})


class Past:
    """Remembers every step from the moment it is made; nothing older than that is ever shown."""

    def __init__(self, ledger: Ledger) -> None:
        opened = [order for book in ledger.open_orders.values() for order in book.values()]
        self._orders = {order.order_id: copy(order) for order in opened}
        self._balances: dict[tuple[int, str], Held] = {
            (number, asset): (text(held.free), text(held.locked))
            for number, account in ledger.accounts.items()
            for asset, held in account.balances.items()
        }
        self._steps: list[tuple[float, Report]] = []
        self.contracts = ContractPast(ledger)

    def note(self, reports: list[Report]) -> None:
        """Remember steps of orders."""
        at = time.monotonic()
        self._steps.extend((at, report) for report in reports if report.listed is None)

    def rewound(self, path: str, answer: Any, *, account_id: int, ms: int) -> Any:
        """Return the answer of a signed read as it was `ms` ago.

        :raises Refusal: -2013 for an order that did not exist then.
        """
        if path.startswith("/fapi"):
            return self.contracts.rewound(path, answer, account_id=account_id, ms=ms)
        horizon = time.monotonic() - ms / 1000
        mine = [step for step in self._steps if step[1].order.account_id == account_id]
        later = [report for at, report in mine if at > horizon]
        earlier = [report for at, report in mine if at <= horizon]
        if path == "/api/v3/order":
            return self._one(answer, later, earlier)
        if path in LISTS:
            return self._many(answer, later, earlier, is_open=path == "/api/v3/openOrders")
        if path == "/api/v3/myTrades":
            hidden = {(r.order.symbol, r.trade.trade_id) for r in later if r.trade}
            return [row for row in answer if (row["symbol"], row["id"]) not in hidden]
        if path == "/api/v3/account":
            return answer | {"balances": self._held(answer["balances"], account_id, later, earlier)}
        return answer

    def _then(self, later: list[Report], earlier: list[Report]) -> dict[int, Order | None]:
        """Return, for each order that moved since, what it was; None when it was not there."""
        known = dict(self._orders) | {report.order.order_id: report.order for report in earlier}
        return {report.order.order_id: known.get(report.order.order_id) for report in later}

    def _one(self, answer: Json, later: list[Report], earlier: list[Report]) -> Json:
        then = self._then(later, earlier)
        if answer["orderId"] not in then:
            return answer
        order = then[answer["orderId"]]
        if order is None:
            raise no_such_order()
        return queried(order)

    def _many(
        self, answer: list[Json], later: list[Report], earlier: list[Report], *, is_open: bool
    ) -> list[Json]:
        then = self._then(later, earlier)
        rows = {row["orderId"]: row for row in answer if row["orderId"] not in then}
        shown = {row["symbol"] for row in answer} | {r.order.symbol for r in later if is_open}
        for number, order in then.items():
            if order is not None and order.symbol in shown and (order.is_open or not is_open):
                rows[number] = queried(order)
        return [rows[number] for number in sorted(rows)]

    def _held(
        self, rows: list[Json], account_id: int, later: list[Report], earlier: list[Report]
    ) -> list[Json]:
        then = {
            asset: held for (owner, asset), held in self._balances.items() if owner == account_id
        }
        for report in earlier:
            then |= {asset: (text(free), text(lock)) for asset, free, lock in report.balances}
        moved = {asset for report in later for asset, _, _ in report.balances}
        return [
            row
            | dict(zip(("free", "locked"), then.get(row["asset"], (text(0), text(0))), strict=True))
            if row["asset"] in moved
            else row
            for row in rows
        ]
