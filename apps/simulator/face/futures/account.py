"""Signed endpoints of /fapi about the account: wallets, positions, terms, flows, listen keys."""

from __future__ import annotations

import secrets
from typing import Any, Final

from apps.core.domain.money import ZERO, plain
from apps.simulator.domain.perpetual.books import Position
from apps.simulator.domain.perpetual.contracts import (
    ONE_WAY,
    brackets_of,
    notional_max,
    venue_symbol,
)
from apps.simulator.domain.perpetual.refusals import refusal
from apps.simulator.domain.refusals import Refusal
from apps.simulator.face.calls import KEYED, SIGNED, Call, Route
from apps.simulator.face.futures.render import (
    account_position_row,
    asset_row,
    assets_of,
    income_row,
    position_row,
    totals,
)
from apps.simulator.face.futures.requests import flag, symbol_of
from apps.simulator.face.render import Json, text
from apps.simulator.gateways.contract_store import incomes

SUCCESS: Final[Json] = {"code": 200, "msg": "success"}
LISTEN_MS: Final = 3_600_000


async def account(call: Call) -> Json:
    """Return wallets, margin and positions; version 3 shows held positions only."""
    exchange, owner = call.exchange, call.account.account_id
    found, now_ms = assets_of(exchange.ledger, owner), exchange.now_ms()
    answer: Json = _config(call) | totals([margin for _, margin in found])
    answer["assets"] = [asset_row(asset, margin, now_ms) for asset, margin in found]
    answer["positions"] = [account_position_row(exchange.ledger, p) for p in _positions(call)]
    await exchange.journal.settled()
    return answer


async def account_held(call: Call) -> Json:
    """Return what version 3 shows: the account without the positions that are flat."""
    answer = await account(call)
    answer["positions"] = [row for row in answer["positions"] if row["positionAmt"] != "0"]
    return answer


async def account_config(call: Call) -> Json:
    """Return the account's terms."""
    return _config(call)


async def balance(call: Call) -> list[Json]:
    """Return the wallets."""
    found, now_ms = assets_of(call.exchange.ledger, call.account.account_id), call.exchange.now_ms()
    answer = [
        {
            "accountAlias": f"sim{call.account.account_id}",
            "asset": asset,
            "balance": text(margin.wallet),
            "crossWalletBalance": text(margin.cross_wallet),
            "crossUnPnl": text(margin.cross_unrealised),
            "availableBalance": text(margin.available),
            "maxWithdrawAmount": text(margin.available),
            "marginAvailable": True,
            "updateTime": now_ms,
        }
        for asset, margin in found
    ]
    await call.exchange.journal.settled()
    return answer


async def positions(call: Call) -> list[Json]:
    """Return the position of every contract, flat ones too (version 2)."""
    answer = [position_row(call.exchange.ledger, position) for position in _positions(call)]
    await call.exchange.journal.settled()
    return answer


async def positions_held(call: Call) -> list[Json]:
    """Return the positions that are not flat (version 3)."""
    return [row for row in await positions(call) if row["positionAmt"] != "0"]


async def adl_quantile(call: Call) -> list[Json]:
    """Return how close each holding is to auto-deleverage: always in the first quarter."""
    rows: dict[str, Json] = {}
    for position in call.exchange.ledger.contracts.positions_of(call.account.account_id):
        name = venue_symbol(position.symbol)
        rows.setdefault(name, {"symbol": name, "adlQuantile": {}})["adlQuantile"][position.side] = 1
    return list(rows.values())


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
    wanted = [symbol_of(call)] if call.params.has("symbol") else _contracts(call)
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
    for symbol in [symbol_of(call)] if call.params.has("symbol") else _contracts(call):
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


async def income(call: Call) -> list[Json]:
    """Return flows of the wallet, oldest first: from a time on, or the latest."""
    params, never = call.params, 2**62
    start, end = params.integer("startTime"), params.integer("endTime")
    symbol = symbol_of(call) if params.has("symbol") else ""
    kind, limit = params.text("incomeType"), params.limit(100, 1000)
    skipped = ((params.integer("page", 1) or 1) - 1) * limit
    await call.exchange.journal.settled()
    found = await incomes(
        call.exchange.store,
        "account_id = %s AND (%s::text = '' OR symbol = %s) AND (%s::text = '' OR kind = %s) "
        "AND at_ms >= %s AND at_ms <= %s ORDER BY at_ms * %s, income_id * %s LIMIT %s OFFSET %s",
        (
            call.account.account_id, symbol, symbol, kind, kind, start or 0,
            never if end is None else end, *([1 if start is not None else -1] * 2), limit, skipped,
        ),
    )  # fmt: skip
    return [income_row(row) for row in (found if start is not None else reversed(found))]


async def start_stream(call: Call) -> Json:
    """Return the account's listen key for /private/ws: the one it has, else a new one."""
    owner = call.account.account_id
    known = [key for key, held in call.listen_keys.items() if held == owner and key.startswith("f")]
    key = known[0] if known else "f" + secrets.token_hex(32)[:63]
    call.listen_keys[key] = owner
    return {"listenKey": key}


async def keep_stream(call: Call) -> Json:
    """Keep the listen key alive.

    :raises Refusal: -1125 when the account has none.
    """
    if call.account.account_id not in call.listen_keys.values():
        raise Refusal(-1125, "This listenKey does not exist.")
    return await start_stream(call)


async def close_stream(call: Call) -> Json:
    """Forget the listen key."""
    owner = call.account.account_id
    for key in [k for k, held in call.listen_keys.items() if held == owner and k.startswith("f")]:
        del call.listen_keys[key]
    return {}


def _config(call: Call) -> Json:
    mode = call.exchange.ledger.contracts.mode(call.account.account_id)
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": mode.is_hedged,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def _contracts(call: Call) -> list[str]:
    found = call.exchange.ledger.instruments.values()
    return sorted(one.symbol for one in found if one.kind == "linear")


def _positions(call: Call) -> list[Position]:
    books, owner = call.exchange.ledger.contracts, call.account.account_id
    wanted = [symbol_of(call)] if call.params.has("symbol") else _contracts(call)
    wanted = [symbol for symbol in wanted if symbol in call.exchange.ledger.liquidity]
    sides = ("LONG", "SHORT") if books.mode(owner).is_hedged else (ONE_WAY,)
    return [books.position(owner, symbol, side) for symbol in wanted for side in sides]


def _route(
    method: str, name: str, act: Any, weight: int = 1, required: tuple[str, ...] = ()
) -> Route:
    return Route(method, f"/fapi/{name}", act, SIGNED, weight, required, None)


ROUTES = (
    _route("GET", "v1/account", account, 5),
    _route("GET", "v2/account", account, 5),
    _route("GET", "v3/account", account_held, 5),
    _route("GET", "v1/accountConfig", account_config, 5),
    _route("GET", "v1/balance", balance, 5),
    _route("GET", "v2/balance", balance, 5),
    _route("GET", "v3/balance", balance, 5),
    _route("GET", "v1/positionRisk", positions, 5),
    _route("GET", "v2/positionRisk", positions, 5),
    _route("GET", "v3/positionRisk", positions_held, 5),
    _route("GET", "v1/adlQuantile", adl_quantile, 5),
    _route("POST", "v1/leverage", set_leverage, 1, ("symbol", "leverage")),
    _route("POST", "v1/marginType", set_margin_type, 1, ("symbol", "marginType")),
    _route("GET", "v1/positionSide/dual", position_mode, 30),
    _route("POST", "v1/positionSide/dual", set_position_mode, 1, ("dualSidePosition",)),
    _route("GET", "v1/multiAssetsMargin", multi_assets, 30),
    _route("POST", "v1/multiAssetsMargin", set_multi_assets, 1, ("multiAssetsMargin",)),
    _route("POST", "v1/positionMargin", move_margin, 1, ("symbol", "amount", "type")),
    _route("GET", "v1/leverageBracket", brackets),
    _route("GET", "v1/symbolConfig", symbol_config, 5),
    _route("GET", "v1/commissionRate", commission_rate, 20, ("symbol",)),
    _route("GET", "v1/income", income, 30),
    Route("POST", "/fapi/v1/listenKey", start_stream, KEYED, optional=None),
    Route("PUT", "/fapi/v1/listenKey", keep_stream, KEYED, optional=None),
    Route("DELETE", "/fapi/v1/listenKey", close_stream, KEYED, optional=None),
)
