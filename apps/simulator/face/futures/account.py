"""Signed endpoints of /fapi about the account: wallets, positions, terms, flows, listen keys."""

from __future__ import annotations

import secrets
from typing import Any

from apps.simulator.domain.perpetual.books import Position
from apps.simulator.domain.perpetual.contracts import (
    ONE_WAY,
    venue_symbol,
)
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
from apps.simulator.face.futures.requests import symbol_of
from apps.simulator.face.render import Json, text
from apps.simulator.gateways.contract_store import incomes


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


def contracts(call: Call) -> list[str]:
    """Return the listed contracts."""
    found = call.exchange.ledger.instruments.values()
    return sorted(one.symbol for one in found if one.kind == "linear")


def _positions(call: Call) -> list[Position]:
    books, owner = call.exchange.ledger.contracts, call.account.account_id
    wanted = [symbol_of(call)] if call.params.has("symbol") else contracts(call)
    wanted = [symbol for symbol in wanted if symbol in call.exchange.ledger.liquidity]
    sides = ("LONG", "SHORT") if books.mode(owner).is_hedged else (ONE_WAY,)
    return [books.position(owner, symbol, side) for symbol in wanted for side in sides]


def route(
    method: str, name: str, act: Any, weight: int = 1, required: tuple[str, ...] = ()
) -> Route:
    """Return a signed route."""
    return Route(method, f"/fapi/{name}", act, SIGNED, weight, required, None)


ROUTES = (
    route("GET", "v1/account", account, 5),
    route("GET", "v2/account", account, 5),
    route("GET", "v3/account", account_held, 5),
    route("GET", "v1/accountConfig", account_config, 5),
    route("GET", "v1/balance", balance, 5),
    route("GET", "v2/balance", balance, 5),
    route("GET", "v3/balance", balance, 5),
    route("GET", "v1/positionRisk", positions, 5),
    route("GET", "v2/positionRisk", positions, 5),
    route("GET", "v3/positionRisk", positions_held, 5),
    route("GET", "v1/adlQuantile", adl_quantile, 5),
    route("GET", "v1/income", income, 30),
    Route("POST", "/fapi/v1/listenKey", start_stream, KEYED, optional=None),
    Route("PUT", "/fapi/v1/listenKey", keep_stream, KEYED, optional=None),
    Route("DELETE", "/fapi/v1/listenKey", close_stream, KEYED, optional=None),
)
