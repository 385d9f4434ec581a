"""What the gateway sends to each venue, beside what ccxt was recorded to send for the same order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

from apps.venues.domain.reports import OrderTicket
from apps.venues.gateways.gateway import Gateway
from tests.venues.replay import FIXTURES, OURS, ReplayVenue, cases, ticket, words_of

STOP = {"type": "stop_market", "stop_price": "45000", "side": "sell"}
TICKETS: dict[str, dict[str, Any]] = {
    "limit_buy": {},
    "limit_sell": {"side": "sell"},
    "market_buy": {"type": "market"},
    "market_sell": {"type": "market", "side": "sell"},
    "limit_post_only": {"post_only": True},
    "limit_ioc": {"time_in_force": "IOC"},
    "limit_fok": {"time_in_force": "FOK"},
    "limit_client_order_id": {},
    "stop_market": STOP,
    "stop_market_with_direction": STOP,
    "stop_limit": STOP | {"type": "stop_limit"},
    "stop_limit_with_direction": STOP | {"type": "stop_limit"},
    "stop_loss_price": STOP,
    "take_profit_price": STOP | {"type": "take_profit_market", "stop_price": "55000"},
    "trailing_percent": {
        "type": "trailing_stop_market", "side": "sell", "stop_price": "55000",
        "trailing_rate": Decimal("0.01"),
    },
    "reduce_only_limit": {"side": "sell", "reduce_only": True},
    "reduce_only_market": {"type": "market", "side": "sell", "reduce_only": True},
}  # fmt: skip
BYBIT_TARGET = {"orderFilter": "StopOrder", "triggerDirection": None, "reduceOnly": None}
ACTIVATION = {"trailingTriggerPrice": None, "activePx": "55000"}
# where we mean another request than ccxt would make of the words: what differs; None is left out
DIFFERS: dict[str, dict[str, dict[str, Any]]] = {
    "bybit": {
        # ccxt turns a price into an amount of quote; a market order of ours counts base
        "spot_market_buy": {"marketUnit": "baseCoin", "qty": "0.01"},
        # a target of ours is a conditional order as a stop is, in the same list
        "spot_take_profit_price": BYBIT_TARGET,
        "swap_take_profit_price": {"reduceOnly": None},
    },
    "okx": {
        # ccxt would borrow for a conditional spot order
        "spot_stop_loss_price": {"tdMode": "cash"},
        "spot_take_profit_price": {"tdMode": "cash"},
        # ccxt drops the activation price: the venue knows it as activePx
        "spot_trailing_percent": ACTIVATION,
        "swap_trailing_percent": ACTIVATION,
    },
    # ccxt drops the activation price and starts at once; we refuse to say it
    "kraken": {"spot_trailing_percent": {"trailingTriggerPrice": None, "price": "+1%"}},
    "hyperliquid": {
        # the limit of an order that waits starts from its trigger, not from today's price
        "swap_stop_market": {"p": "42750"},
        "swap_stop_loss_price": {"p": "42750"},
        "swap_take_profit_price": {"p": "52250"},
    },
}
SKIPPED = {
    "bybit": ("spot_stop_loss_price", "swap_stop_loss_price", "trailing_percent", "spot_reduce"),
    # a stop of ours is the venue's "conditional", which has reduce only and a target's twin
    "okx": ("stop_market", "stop_limit"),
    # ccxt knows a trigger price here as a word of nobody: it would send a market order at once
    "kraken": ("stop_market", "stop_limit", "limit_fok"),
    "hyperliquid": ("trailing", "limit_fok", "spot_stop", "spot_take", "spot_reduce"),
}
# named otherwise by the clock, the key, or by us on purpose
OWN: dict[str, set[str]] = {
    "bybit": {"orderLinkId"},
    # the broker tag that ccxt adds to its own ids
    "okx": {"clOrdId", "algoClOrdId", "tag"},
    # fees in quote and an expiry are ours
    "kraken": {"nonce", "cl_ord_id", "deadline", "oflags"},
    "hyperliquid": {"nonce", "signature", "expiresAfter"},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "bybit": {"/v5/order/create": {"retCode": 0, "result": {"orderId": "7", "orderLinkId": OURS}}},
    "okx": {
        "/api/v5/trade/batch-orders": {"code": "0", "data": [{"ordId": "7", "sCode": "0"}]},
        "/api/v5/trade/order-algo": {"code": "0", "data": [{"algoId": "9", "sCode": "0"}]},
    },
    "kraken": {"/0/private/AddOrder": {"error": [], "result": {"txid": ["O7"]}}},
    "hyperliquid": {
        "/exchange": {
            "status": "ok",
            "response": {"type": "order", "data": {"statuses": [{"resting": {"oid": 7}}]}},
        },
        "/info": {},
    },
}


def requests_of(venue: str) -> list[Any]:
    found = []
    for case in cases(venue, "ccxt_requests") or ():
        _, _, name = case["id"].partition("_")
        if name not in TICKETS or "requests" not in case:
            continue
        if not any(part in case["id"] for part in SKIPPED.get(venue, ())):
            found.append(pytest.param(venue, case, id=f"{venue}-{case['id']}"))
    return found


def asked(venue: str, case: dict[str, Any]) -> OrderTicket:
    """Return our ticket for ccxt's recorded arguments."""
    symbol, _, _, amount, *rest = case["args"]
    changes = dict(TICKETS[case["id"].partition("_")[2]])
    if venue == "kraken":
        changes |= {"stop_price": None} if "trailing_rate" in changes else {}
    type_ = changes.get("type", "limit")
    is_priced = type_.endswith("limit") or (venue == "hyperliquid" and type_ == "market")
    price = rest[0] if rest and rest[0] is not None and is_priced else None
    scale = Decimal(str(rest[0] or 50000)) / 50000 if rest else Decimal(1)
    for name in ("stop_price", "trailing_rate"):
        if changes.get(name):
            changes[name] = Decimal(changes[name])
    if changes.get("stop_price") and rest[1:] and rest[1]:
        words = rest[1]
        theirs = next((v for k, v in words.items() if k.lower().endswith("price")), None)
        changes["stop_price"] = Decimal(str(theirs)) if theirs else changes["stop_price"] * scale
    changes["price"] = Decimal(str(price)) if price is not None else None
    return ticket(symbol, **changes, amount=Decimal(str(amount)))


def plain(fields: dict[str, Any], own: set[str]) -> dict[str, Any]:
    if "action" in fields:
        # ccxt's builder takes part in every order unless it is kept out; and our id
        orders = [
            {name: order[name] for name in ("a", "b", "p", "s", "r", "t")}
            for order in fields["action"]["orders"]
        ]
        return {"action": {**fields["action"], "orders": orders, "builder": None}}
    return {key: value for key, value in fields.items() if key not in own and value is not None}


@pytest.mark.skipif(not FIXTURES.exists(), reason=f"no recordings below {FIXTURES}")
@pytest.mark.recorded
@pytest.mark.parametrize(
    ("replay", "case"), [p for venue in OWN for p in requests_of(venue)], indirect=["replay"]
)
async def test_an_order_is_sent_as_ccxt_was_recorded_to_send_it(
    replay: ReplayVenue, case: dict[str, Any], trader: Gateway
) -> None:
    recorded = case["requests"][-1]
    venue, path = replay.venue, urlsplit(recorded["url"]).path
    for where, answer in ANSWERS[venue].items():
        replay.will(where, 200, answer)
    sent_ticket = asked(venue, case)
    size = Decimal(1)
    if venue == "okx":
        size = next(r.contract_size for r in await trader.instruments()
                    if r.symbol == sent_ticket.symbol)  # fmt: skip
    if size != 1:
        sent_ticket = ticket(sent_ticket.symbol, **{
            name: getattr(sent_ticket, name)
            for name in sent_ticket.__slots__ if name not in {"symbol", "amount"}
        }, amount=sent_ticket.amount * size)  # fmt: skip

    report = await trader.create_order(sent_ticket)

    sent = replay.asked(path)[-1]
    assert sent.method == recorded["method"]
    theirs, differs = words_of(recorded["body"]), DIFFERS.get(venue, {}).get(case["id"], {})
    (theirs["action"]["orders"][0] if "action" in theirs else theirs).update(differs)
    assert plain(sent.params, OWN[venue]) == plain(theirs, OWN[venue])
    assert OURS in str(sent.params)
    assert (report.client_order_id, report.status, report.filled) == (OURS, "open", 0)
    assert report.venue_order_id
