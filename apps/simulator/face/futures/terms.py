"""Signed endpoints of /fapi about an account's terms: leverage, margin, position mode, rates."""

from __future__ import annotations

from typing import Final

from apps.core.domain.money import ZERO, plain
from apps.simulator.domain.perpetual.contracts import (
    ONE_WAY,
    brackets_of,
    notional_max,
    venue_symbol,
)
from apps.simulator.domain.perpetual.refusals import refusal
from apps.simulator.domain.refusals import Refusal
from apps.simulator.face.calls import Call
from apps.simulator.face.futures.account import contracts, route
from apps.simulator.face.futures.requests import flag, symbol_of
from apps.simulator.face.render import Json

SUCCESS: Final[Json] = {"code": 200, "msg": "success"}


async def set_leverage(call: Call) -> Json:
    """Choose the leverage of a contract."""
    symbol, leverage = symbol_of(call), call.params.integer("leverage", 0) or 0
    await call.exchange.contracts.set_leverage(call.account, symbol, leverage)
    most = notional_max(call.exchange.ledger.instruments[symbol], leverage)
    return {
        "leverage": leverage,
        "maxNotionalValue": plain(most),
        "symbol": venue_symbol(symbol),
    }


async def set_margin_type(call: Call) -> Json:
    """Choose cross or isolated margin of a contract."""
    kinds = ("ISOLATED", "CROSSED", "CROSS")
    kind = call.params.choice("marginType", kinds, Refusal(-4049, "Invalid marginType."))
    await call.exchange.contracts.set_margin_type(
        call.account, symbol_of(call), is_isolated=kind == "ISOLATED"
    )
    return SUCCESS


async def position_mode(call: Call) -> Json:
    """Return whether the account is in hedge mode."""
    return {
        "dualSidePosition": call.exchange.ledger.contracts.mode(call.account.account_id).is_hedged
    }


async def set_position_mode(call: Call) -> Json:
    """Choose one-way or hedge mode."""
    await call.exchange.contracts.set_position_mode(
        call.account, is_hedged=flag(call.params, "dualSidePosition")
    )
    return SUCCESS


async def multi_assets(_: Call) -> Json:
    """Return that every asset stands for itself."""
    return {"multiAssetsMargin": False}


async def set_multi_assets(call: Call) -> Json:
    """Refuse to change what is the only mode here.

    :raises Refusal: -4171 when single-asset mode is asked for, -1020 for the other.
    """
    if flag(call.params, "multiAssetsMargin"):
        raise Refusal(-1020, "This operation is not supported.")
    raise refusal(-4171)


async def move_margin(call: Call) -> Json:
    """Add margin to an isolated position (type 1) or take some away (type 2)."""
    side = call.params.text("positionSide", ONE_WAY)
    books, owner = call.exchange.ledger.contracts, call.account.account_id
    amount, kind = call.params.number("amount"), call.params.integer("type", 0)
    if kind not in {1, 2} or amount <= ZERO:
        raise Refusal(-1102, "Mandatory parameter 'type' was not sent, was empty/null, or malformed.")  # fmt: skip
    await call.exchange.contracts.move_margin(
        books.position(owner, symbol_of(call), side), amount=amount, adds=kind == 1
    )
    return {"amount": float(amount), "code": 200, "msg": "Successfully modify position margin.", "type": kind}  # fmt: skip


async def brackets(call: Call) -> Json | list[Json]:
    """Return the leverage brackets of one or all contracts."""
    ledger = call.exchange.ledger
    wanted = [symbol_of(call)] if call.params.has("symbol") else contracts(call)
    return [
        {
            "symbol": venue_symbol(symbol),
            "notionalCoef": 1.0,
            "brackets": [
                {
                    "bracket": row.number,
                    "initialLeverage": row.leverage,
                    "notionalCap": int(row.cap),
                    "notionalFloor": int(row.floor),
                    "maintMarginRatio": float(row.rate),
                    "cum": float(row.cum),
                }
                for row in brackets_of(ledger.instruments[symbol])
            ],
        }
        for symbol in wanted
    ]


async def symbol_config(call: Call) -> list[Json]:
    """Return leverage and margin type of one or all contracts."""
    ledger, rows = call.exchange.ledger, []
    for symbol in [symbol_of(call)] if call.params.has("symbol") else contracts(call):
        setting = ledger.contracts.setting(call.account.account_id, symbol)
        rows.append(
            {
                "symbol": venue_symbol(symbol),
                "marginType": "ISOLATED" if setting.is_isolated else "CROSSED",
                "isAutoAddMargin": "false",
                "leverage": setting.leverage,
                "maxNotionalValue": plain(
                    notional_max(ledger.instruments[symbol], setting.leverage)
                ),
            }
        )
    return rows


async def commission_rate(call: Call) -> Json:
    """Return the account's rates."""
    mode = call.exchange.ledger.contracts.mode(call.account.account_id)
    return {
        "symbol": venue_symbol(symbol_of(call)),
        "makerCommissionRate": plain(mode.maker),
        "takerCommissionRate": plain(mode.taker),
    }


ROUTES = (
    route("POST", "v1/leverage", set_leverage, 1, ("symbol", "leverage")),
    route("POST", "v1/marginType", set_margin_type, 1, ("symbol", "marginType")),
    route("GET", "v1/positionSide/dual", position_mode, 30),
    route("POST", "v1/positionSide/dual", set_position_mode, 1, ("dualSidePosition",)),
    route("GET", "v1/multiAssetsMargin", multi_assets, 30),
    route("POST", "v1/multiAssetsMargin", set_multi_assets, 1, ("multiAssetsMargin",)),
    route("POST", "v1/positionMargin", move_margin, 1, ("symbol", "amount", "type")),
    route("GET", "v1/leverageBracket", brackets),
    route("GET", "v1/symbolConfig", symbol_config, 5),
    route("GET", "v1/commissionRate", commission_rate, 20, ("symbol",)),
)
