"""Order lists in the shapes of Binance."""

from __future__ import annotations

from apps.simulator.domain.orders import Order, OrderList, Report
from apps.simulator.face.render import Json, cancelled, placed


def listed(found: OrderList, *, step: str = "") -> Json:
    """Return an order list; `step` is what just happened to it, else its state says it."""
    return {
        "orderListId": found.order_list_id,
        "contingencyType": found.contingency,
        "listStatusType": step or ("EXEC_STARTED" if found.status == "EXECUTING" else found.status),
        "listOrderStatus": found.status,
        "listClientOrderId": found.client_list_id,
        "transactionTime": found.created_ms,
        "symbol": found.symbol,
        "orders": [
            {"symbol": found.symbol, "orderId": number, "clientOrderId": name}
            for number, name in found.legs
        ],
    }


def placed_list(found: OrderList, orders: list[Order], *, detail: str) -> Json:
    """Return the answer to a new order list; `detail` is ACK or RESULT."""
    reports = [placed(order, (), detail=detail) for order in orders]
    return listed(found) | {"orderReports": reports}


def cancelled_list(found: OrderList, orders: list[Order], cancel_id: str) -> Json:
    """Return the answer to a cancelled order list."""
    reports = [cancelled(order, cancel_id) for order in orders]
    return listed(found) | {"orderReports": reports}


def list_status(report: Report, found: OrderList) -> Json:
    """Return a `listStatus` event."""
    return {
        "e": "listStatus",
        "E": report.at_ms,
        "s": found.symbol,
        "g": found.order_list_id,
        "c": found.contingency,
        "l": report.execution,
        "L": found.status,
        "r": "NONE",
        "C": found.client_list_id,
        "T": report.at_ms,
        "O": [{"s": found.symbol, "i": number, "c": name} for number, name in found.legs],
    }
