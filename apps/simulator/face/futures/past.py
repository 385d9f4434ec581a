"""What /fapi showed a while ago: perpetuals as a replica that is behind would tell them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, Final

from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.perpetual.books import Position
from apps.simulator.domain.perpetual.contracts import venue_symbol
from apps.simulator.domain.perpetual.effects import AccountEvent, AlgoEvent, Event, OrderEvent
from apps.simulator.domain.perpetual.refusals import refusal
from apps.simulator.face.futures.render import (
    account_position_row,
    algo_row,
    order_row,
    position_row,
)
from apps.simulator.face.render import Json, text

# which rows of an order or conditional order a list shows
OPEN_LISTS: Final = frozenset({"openOrders", "openAlgoOrders"})
POSITIONS: Final = frozenset({"positionRisk"})
WALLETS: Final = frozenset({"balance", "account"})
Steps = list[tuple[bool, Event]]


class ContractPast:
    """Remembers every step of perpetuals from the moment it is made; nothing older is ever shown."""

    def __init__(self, ledger: Ledger) -> None:
        books = ledger.contracts
        self._ledger = ledger
        self._orders = {
            order.order_id: order_row(order)
            for book in ledger.open_orders.values() for order in book.values()
            if ledger.instruments[order.symbol].kind == "linear"
        }  # fmt: skip
        self._algos = {
            algo.algo_id: algo_row(algo)
            for symbol in ledger.instruments for algo in books.algo_book(symbol).values()
        }  # fmt: skip
        self._positions = {p.key: copy(p) for p in books.positions.values()}
        self._wallets = {key: wallet.balance for key, wallet in books.wallets.items()}
        self._steps: list[tuple[float, Event]] = []

    def note(self, events: Sequence[Event]) -> None:
        """Remember steps of orders, wallets and positions."""
        at = time.monotonic()
        self._steps.extend((at, event) for event in events)

    def rewound(self, path: str, answer: Any, *, account_id: int, ms: int) -> Any:
        """Return the answer of a signed read as it was `ms` ago.

        :raises Refusal: -2013 for an order that did not exist then.
        """
        horizon = time.monotonic() - ms / 1000
        steps = [(at > horizon, e) for at, e in self._steps if e.account_id == account_id]
        name = path.rpartition("/")[2]
        if name in {"order", "openOrder", "openOrders", "allOrders", "forceOrders"}:
            moved = [(late, e.order.order_id, order_row(e.order)) for late, e in steps if isinstance(e, OrderEvent)]  # fmt: skip
            return _rows(answer, self._orders, moved, key="orderId", name=name)
        if name in {"algoOrder", "openAlgoOrders", "allAlgoOrders"}:
            moved = [(late, e.algo.algo_id, algo_row(e.algo, e.sent)) for late, e in steps if isinstance(e, AlgoEvent)]  # fmt: skip
            return _rows(answer, self._algos, moved, key="algoId", name=name)
        if name == "userTrades":
            trades = [(late, e.trade) for late, e in steps if isinstance(e, OrderEvent) and e.trade]
            hidden = {(venue_symbol(t.symbol), t.trade_id) for late, t in trades if late}
            return [row for row in answer if (row["symbol"], row["id"]) not in hidden]
        if name in POSITIONS:
            return self._held(answer, steps, account_id, position_row)
        return self._owned(name, answer, steps, account_id) if name in WALLETS else answer

    def _held(
        self, rows: list[Json], steps: Steps, account_id: int,
        shown: Callable[[Ledger, Position], Json],
    ) -> list[Json]:  # fmt: skip
        """Return positions as they were; flat ones stay in lists that show such."""
        then = {key: p for key, p in self._positions.items() if key[0] == account_id}
        moved = set()
        for late, event in steps:
            for position, _, _ in event.positions if isinstance(event, AccountEvent) else ():
                moved.add(position.key)
                if not late:
                    then[position.key] = position
        found = {(row["symbol"], row["positionSide"]): row for row in rows}
        for key in moved:
            was = then.get(key) or Position(*key)
            name = (venue_symbol(was.symbol), was.side)
            if was.amount or name in found:
                found[name] = shown(self._ledger, was)
        return list(found.values())

    def _owned(self, name: str, answer: Any, steps: Steps, account_id: int) -> Any:
        """Return wallets (and, of the account, positions) as they were."""
        then = {
            asset: held for (owner, asset), held in self._wallets.items() if owner == account_id
        }
        for late, event in steps:
            if isinstance(event, AccountEvent) and not late:
                then[event.wallet[0]] = event.wallet[1]
        field = "balance" if name == "balance" else "walletBalance"
        rows = [
            row | {field: text(then[row["asset"]])} if row["asset"] in then else row
            for row in (answer if name == "balance" else answer["assets"])
        ]
        if name == "balance":
            return rows
        positions = self._held(answer["positions"], steps, account_id, account_position_row)
        return answer | {"assets": rows, "positions": positions}


def _rows(
    answer: Any,
    first: dict[int, Json],
    moved: list[tuple[bool, int, Json]],
    *,
    key: str,
    name: str,
) -> Any:
    """Return one row, or a list of rows, of what moved since as it was before."""
    late = {number for is_late, number, _ in moved if is_late}
    known = first | {number: row for is_late, number, row in moved if not is_late}
    if isinstance(answer, dict):
        if answer[key] in late and answer[key] not in known:
            raise refusal(-2013)
        return known[answer[key]] if answer[key] in late else answer
    rows = {row[key]: row for row in answer if row[key] not in late}
    asked = {row[key] for row in answer}
    for number in late & known.keys():
        row = known[number]
        is_open = row.get("status", row.get("algoStatus")) in {"NEW", "PARTIALLY_FILLED"}
        if is_open if name in OPEN_LISTS else number in asked:
            rows[number] = row
    return [rows[number] for number in sorted(rows)]
