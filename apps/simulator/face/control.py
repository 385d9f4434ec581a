"""The control face under /sim/v1/: accounts, recordings, the clock, faults. Not part of the dialect."""

from __future__ import annotations

import hmac
from typing import Any

import orjson
from aiohttp import web

from apps.core.domain.money import plain
from apps.core.errors import Conflict, DeskError, InvalidInput, NotFound
from apps.simulator.domain.accounts import Account
from apps.simulator.domain.instruments import listed
from apps.simulator.domain.knobs import AT_ONCE, KNOBS, described
from apps.simulator.domain.orders import Order
from apps.simulator.exchange import Exchange
from apps.simulator.face.admission import AccountTerms, is_futures, short, sum_of
from apps.simulator.face.faults import Faults
from apps.simulator.face.futures.render import trade_row
from apps.simulator.face.futures.state import futures_state
from apps.simulator.face.hub import Hub
from apps.simulator.face.incidents import ON_ARMING, Incident
from apps.simulator.face.render import Json, own_trade
from apps.simulator.replay import Replay, start_replay

LOOPBACK = frozenset({"127.0.0.1", "::1", None})


class Control:
    """Answers /sim/v1/ calls, from this machine only."""

    def __init__(self, exchange: Exchange, hub: Hub, faults: Faults, token: str) -> None:
        self._exchange = exchange
        self._hub = hub
        self._faults = faults
        self._token = token

    def routes(self) -> list[web.RouteDef]:
        """Return every route for the application."""
        posts = {
            "accounts": self._accounts,
            "deposit": self._deposit,
            "instruments": self._instruments,
            "candles": self._candles,
            "advance": self._advance,
            "faults": self._arm,
        }
        gets = {"state": self._state, "trades": self._trades, "faults": self._armed}
        return [
            *(web.post(f"/sim/v1/{name}", self._guarded(act)) for name, act in posts.items()),
            *(web.get(f"/sim/v1/{name}", self._guarded(ask)) for name, ask in gets.items()),
            web.delete("/sim/v1/faults", self._guarded(self._disarm)),
        ]

    def _guarded(self, act: Any) -> Any:
        async def answer(request: web.Request) -> web.Response:
            sent = request.headers.get("X-Simulator-Token", "")
            allowed = request.remote in LOOPBACK and hmac.compare_digest(sent, self._token)
            if not allowed:
                return web.json_response({"code": "NOT_PERMITTED"}, status=403)
            try:
                text = await request.read()
                body = orjson.loads(text) if text else {}
                answered: Json = await act(body | dict(request.query))
            except orjson.JSONDecodeError:
                return web.json_response({"code": "MALFORMED_JSON"}, status=400)
            except KeyError as error:
                return web.json_response(
                    {"code": "MISSING_FIELD", "field": error.args[0]}, status=400
                )
            except DeskError as error:
                context = {key: str(value) for key, value in error.context.items()}
                return web.json_response({"code": error.code, **context}, status=error.status)
            return web.Response(body=orjson.dumps(answered), content_type="application/json")

        return answer

    async def _accounts(self, asked: Json) -> Json:
        terms = AccountTerms.of(asked)
        account = await self._exchange.create_account(
            terms.name, balances=terms.balances, fees=terms.fees, credentials=terms.credentials
        )
        if terms.futures is not None and not self._exchange.contracts.knows(account):
            await self._exchange.contracts.admit(account, terms.futures)
        return {
            "account_id": account.account_id,
            "name": account.name,
            "api_key": account.api_key,
            "secret": account.secret,
        }

    async def _deposit(self, asked: Json) -> Json:
        account = await self._account(asked["account"])
        asset, amount = short(asked, "asset", 20), sum_of(asked, "amount")
        if is_futures(asked):
            await self._exchange.contracts.credit(account, asset=asset, amount=amount)
            return futures_state(self._exchange.ledger, account)["wallets"][asset]
        await self._exchange.deposit(account, asset=asset, amount=amount)
        return {"free": plain(account.balance(asset).free)}

    async def _instruments(self, asked: Json) -> Json:
        await self._exchange.list_instruments([listed(pair) for pair in asked["instruments"]])
        return {"instruments": sorted(self._exchange.ledger.instruments)}

    async def _candles(self, asked: Json) -> Json:
        asked = {"timeframe": "1h"} | asked
        source = self._exchange.source
        if isinstance(source, Replay) and source.is_of(asked):
            return await self._state({})
        if source is not None:
            raise Conflict("MARKET_SET", message="This exchange has a market already.")
        await start_replay(self._exchange, asked)
        return await self._state({})

    async def _advance(self, asked: Json) -> Json:
        source = self._exchange.source
        if not isinstance(source, Replay):
            raise Conflict("NO_VIRTUAL_CLOCK", message="Only recorded candles can be advanced.")
        to_ms = int(asked["to"]) if "to" in asked else source.next_ms
        await source.advance(self._exchange, to_ms)
        return self._totals()

    async def _state(self, _: Json) -> Json:
        await self._exchange.journal.settled()
        ledger, totals = self._exchange.ledger, self._totals()
        for account in ledger.accounts.values():
            totals["accounts"][account.name]["balances"] = {
                asset: {"free": plain(held.free), "locked": plain(held.locked)}
                for asset, held in sorted(account.balances.items())
            }
            futures = futures_state(ledger, account)
            if futures:
                totals["accounts"][account.name]["futures"] = futures
        for row in await self._exchange.store.read(
            "SELECT a.name, o.status, count(*) AS n FROM simulator_order o "
            "JOIN simulator_account a ON a.id = o.account_id GROUP BY 1, 2"
        ):
            totals["accounts"][row["name"]].setdefault("orders", {})[row["status"]] = row["n"]
        return totals | {"instruments": sorted(ledger.instruments), "sockets": self._hub.count}

    async def _trades(self, asked: Json) -> Json:
        account = await self._account(asked["account"])
        await self._exchange.journal.settled()
        trades = await self._exchange.store.trades(
            "account_id = %s ORDER BY symbol, trade_id", (account.account_id,)
        )
        orders: list[Order] = await self._exchange.store.orders(
            "account_id = %s ORDER BY order_id", (account.account_id,)
        )
        clients = {order.order_id: order.client_order_id for order in orders}
        rows = [
            (trade_row(trade) | {"kind": "linear"} if trade.position_side else own_trade(trade))
            | {"clientOrderId": clients[trade.order_id]}
            for trade in trades
        ]
        return {"account": account.name, "trades": rows}

    async def _arm(self, asked: Json) -> Json:
        fault = self._faults.read(asked)
        act = ON_ARMING.get(fault.kind)
        done = await act(Incident(self._exchange, self._hub, fault)) if act else {}
        if KNOBS[fault.kind].strikes != AT_ONCE:
            self._faults.arm(fault)
        return done | await self._armed({})

    async def _armed(self, _: Json) -> Json:
        return {"armed": self._faults.listing(), "knobs": described()}

    async def _disarm(self, asked: Json) -> Json:
        number = asked.get("id")
        if number is not None and not str(number).isdigit():
            raise InvalidInput("BAD_FAULT", field="id", message="a whole number")
        account = str(asked.get("account", ""))
        self._faults.clear(None if number is None else int(number), account=account)
        return await self._armed({})

    def _totals(self) -> Json:
        ledger, counts = self._exchange.ledger, self._exchange.trade_counts
        source = self._exchange.source
        market = source.state() if source else {"clock": None, "candles": 0, "done": True}
        opened: dict[int, int] = {}
        for book in ledger.open_orders.values():
            for order in book.values():
                opened[order.account_id] = opened.get(order.account_id, 0) + 1
        for algos in ledger.contracts.algos.values():
            for algo in algos.values():
                opened[algo.account_id] = opened.get(algo.account_id, 0) + 1
        return market | {
            "accounts": {
                account.name: {"trades": counts[number], "open_orders": opened.get(number, 0)}
                for number, account in ledger.accounts.items()
            }
        }

    async def _account(self, name: str) -> Account:
        account = await self._exchange.account_by_name(name)
        if account is None:
            raise NotFound("NO_SUCH_ACCOUNT", account=name)
        return account
