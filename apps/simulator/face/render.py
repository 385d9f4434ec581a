"""Orders, trades and accounts in the shapes of Binance."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apps.simulator.domain.accounts import Account
from apps.simulator.domain.orders import Order, Report, Trade

Json = dict[str, Any]


def text(value: Decimal | float) -> str:
    """Return a number with eight places."""
    return f"{value:.8f}"


def order_core(order: Order) -> Json:
    """Return what every answer about an order carries."""
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.order_list_id,
        "clientOrderId": order.client_order_id,
        "price": text(order.price),
        "origQty": text(order.amount),
        "executedQty": text(order.filled),
        "origQuoteOrderQty": text(order.cost_asked),
        "cummulativeQuoteQty": text(order.cost),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
        "selfTradePreventionMode": "NONE",
    }


def trailing(order: Order) -> Json:
    """Return what answers carry about a trailing stop, nothing about other orders."""
    if not order.is_trailing:
        return {}
    return {"trailingDelta": order.trailing_delta, "trailingTime": order.trailing_ms}


def queried(order: Order) -> Json:
    """Return the answer to a query."""
    return order_core(order) | {
        "stopPrice": text(order.stop_price),
        **trailing(order),
        "icebergQty": text(Decimal(0)),
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": order.is_working,
        "workingTime": order.working_ms,
    }


def placed(order: Order, trades: tuple[Trade, ...], *, detail: str) -> Json:
    """Return the answer to a new order; `detail` is ACK, RESULT or FULL."""
    if detail == "ACK":
        return {
            "symbol": order.symbol,
            "orderId": order.order_id,
            "orderListId": order.order_list_id,
            "clientOrderId": order.client_order_id,
            "transactTime": order.updated_ms,
        }
    answer = order_core(order) | {
        "transactTime": order.updated_ms,
        "workingTime": order.working_ms,
    }
    answer |= trailing(order)
    if order.stop_price:
        answer["stopPrice"] = text(order.stop_price)
    if detail == "FULL":
        answer["fills"] = [
            {
                "price": text(trade.price),
                "qty": text(trade.amount),
                "commission": text(trade.fee),
                "commissionAsset": trade.fee_asset,
                "tradeId": trade.trade_id,
            }
            for trade in trades
        ]
    return answer


def cancelled(order: Order, cancel_id: str) -> Json:
    """Return the answer to a cancel."""
    return order_core(order) | {
        "origClientOrderId": order.client_order_id,
        "clientOrderId": cancel_id,
        "transactTime": order.updated_ms,
    }


def own_trade(trade: Trade) -> Json:
    """Return one of the account's trades."""
    return {
        "symbol": trade.symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "orderListId": -1,
        "price": text(trade.price),
        "qty": text(trade.amount),
        "quoteQty": text(trade.cost),
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.at_ms,
        "isBuyer": trade.side == "BUY",
        "isMaker": trade.is_maker,
        "isBestMatch": True,
    }


def account_info(account: Account, at_ms: int) -> Json:
    """Return an account with every balance it ever had."""
    maker, taker = account.fees.maker, account.fees.taker
    return {
        "makerCommission": int(maker * 10_000),
        "takerCommission": int(taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": text(maker),
            "taker": text(taker),
            "buyer": text(Decimal(0)),
            "seller": text(Decimal(0)),
        },
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": at_ms,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": text(held.free), "locked": text(held.locked)}
            for asset, held in sorted(account.balances.items())
        ],
        "permissions": ["SPOT"],
        "uid": account.account_id,
    }


def execution_report(report: Report) -> Json:
    """Return an `executionReport` event."""
    order, trade = report.order, report.trade
    zero = text(Decimal(0))
    followed = {"d": order.trailing_delta, "D": order.trailing_ms} if order.is_trailing else {}
    return followed | {
        "e": "executionReport",
        "E": report.at_ms,
        "s": order.symbol,
        "c": report.cancel_id or order.client_order_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": text(order.amount),
        "p": text(order.price),
        "P": text(order.stop_price),
        "F": zero,
        "g": order.order_list_id,
        "C": order.client_order_id if report.cancel_id else "",
        "x": report.execution,
        "X": order.status,
        "r": "NONE",
        "i": order.order_id,
        "l": text(trade.amount) if trade else zero,
        "z": text(order.filled),
        "L": text(trade.price) if trade else zero,
        "n": text(trade.fee) if trade else "0",
        "N": trade.fee_asset if trade else None,
        "T": report.at_ms,
        "t": trade.trade_id if trade else -1,
        "I": 0,
        "w": order.is_working and order.is_open,
        "m": bool(trade and trade.is_maker),
        "M": bool(trade),
        "O": order.created_ms,
        "Z": text(order.cost),
        "Y": text(trade.cost) if trade else zero,
        "Q": text(order.cost_asked),
        "W": order.working_ms,
        "V": "NONE",
    }


def account_position(report: Report) -> Json:
    """Return the `outboundAccountPosition` event that follows a report."""
    return {
        "e": "outboundAccountPosition",
        "E": report.at_ms,
        "u": report.at_ms,
        "B": [
            {"a": asset, "f": text(free), "l": text(locked)}
            for asset, free, locked in report.balances
        ],
    }
