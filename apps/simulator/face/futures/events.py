"""The messages of the user stream of perpetuals."""

from __future__ import annotations

from apps.core.domain.money import ZERO, plain
from apps.simulator.domain.perpetual.contracts import venue_symbol
from apps.simulator.domain.perpetual.effects import (
    AccountEvent,
    AlgoEvent,
    ConfigEvent,
    Event,
    OrderEvent,
)
from apps.simulator.face.futures.render import average
from apps.simulator.face.render import Json, text


def message_of(event: Event) -> Json:
    """Return the stream message of an event."""
    if isinstance(event, OrderEvent):
        return order_update(event)
    if isinstance(event, AccountEvent):
        return account_update(event)
    return algo_update(event) if isinstance(event, AlgoEvent) else config_update(event)


def order_update(event: OrderEvent) -> Json:
    """Return an ORDER_TRADE_UPDATE."""
    order, trade = event.order, event.trade
    row: Json = {
        "s": venue_symbol(order.symbol),
        "c": order.client_order_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": plain(order.amount),
        "p": plain(order.price),
        "ap": plain(average(order)),
        "sp": plain(order.stop_price),
        "x": event.execution,
        "X": order.status,
        "i": order.order_id,
        "l": plain(trade.amount if trade else ZERO),
        "z": plain(order.filled),
        "L": plain(trade.price if trade else ZERO),
        "n": text(trade.fee) if trade else "0",
        "N": trade.fee_asset if trade else "USDT",
        "T": event.at_ms,
        "t": trade.trade_id if trade else 0,
        "b": "0",
        "a": "0",
        "m": bool(trade and trade.is_maker),
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": order.orig_type or order.type,
        "ps": order.position_side,
        "cp": False,
        "pP": False,
        "si": 0,
        "ss": 0,
        "rp": text(trade.realised) if trade else "0",
        "V": "NONE",
        "pm": "NONE",
        "gtd": order.good_till_ms,
    }
    return {"e": "ORDER_TRADE_UPDATE", "E": event.at_ms, "T": event.at_ms, "o": row}


def account_update(event: AccountEvent) -> Json:
    """Return an ACCOUNT_UPDATE."""
    asset, balance, cross, change = event.wallet
    positions = [
        {
            "s": venue_symbol(position.symbol),
            "pa": plain(position.amount),
            "ep": plain(position.entry),
            "bep": plain(position.entry),
            "cr": text(position.realised),
            "up": text(profit),
            "mt": "isolated" if is_isolated else "cross",
            "iw": text(position.isolated),
            "ps": position.side,
        }
        for position, profit, is_isolated in event.positions
    ]
    wallet = {"a": asset, "wb": text(balance), "cw": text(cross), "bc": text(change)}
    body = {"m": event.reason, "B": [wallet], "P": positions}
    return {"e": "ACCOUNT_UPDATE", "E": event.at_ms, "T": event.at_ms, "a": body}


def algo_update(event: AlgoEvent) -> Json:
    """Return an ALGO_UPDATE."""
    algo, sent = event.algo, event.sent
    row: Json = {
        "caid": algo.client_algo_id,
        "aid": algo.algo_id,
        "at": "CONDITIONAL",
        "o": algo.type,
        "s": venue_symbol(algo.symbol),
        "S": algo.side,
        "ps": algo.position_side,
        "f": algo.time_in_force,
        "q": plain(algo.amount),
        "X": algo.status,
        "ai": str(algo.order_id) if algo.order_id else "",
        "ap": plain(average(sent)) if sent else "0.00000",
        "aq": plain(sent.filled) if sent else "0.00000",
        "act": sent.type if sent else "0",
        "tp": plain(algo.trigger_price),
        "p": plain(algo.price),
        "V": "EXPIRE_MAKER",
        "wt": algo.working_type,
        "pm": "NONE",
        "cp": algo.close_position,
        "pP": False,
        "R": algo.reduce_only,
        "tt": algo.triggered_ms,
        "gtd": algo.good_till_ms,
        "rm": event.reason,
    }
    if algo.callback:
        row |= {"AP": plain(algo.activation_price), "cr": plain(algo.callback)}
    return {"e": "ALGO_UPDATE", "T": event.at_ms, "E": event.at_ms, "o": row}


def config_update(event: ConfigEvent) -> Json:
    """Return an ACCOUNT_CONFIG_UPDATE."""
    config = {"s": venue_symbol(event.symbol), "l": event.leverage}
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": event.at_ms, "T": event.at_ms, "ac": config}
