"""Knobs that act when they are armed, and those that stand until they are cleared."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.simulator.domain.accounts import Account
from apps.simulator.domain.incidents import expire
from apps.simulator.domain.instruments import LINEAR, Instrument, listed
from apps.simulator.domain.orders import OrderRequest
from apps.simulator.exchange import Exchange
from apps.simulator.face.faults import Fault
from apps.simulator.face.hub import Hub
from apps.simulator.face.past import Past
from apps.simulator.forced import force_close

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Incident:
    """A knob that is being armed, and what it acts on."""

    exchange: Exchange
    hub: Hub
    fault: Fault

    async def account(self) -> Account:
        """Return the account it names.

        :raises NotFound: `NO_SUCH_ACCOUNT`.
        """
        found = await self.exchange.account_by_name(self.fault.account)
        if found is None:
            raise NotFound("NO_SUCH_ACCOUNT", account=self.fault.account)
        return found

    def instrument(self) -> Instrument:
        """Return the instrument it names, written BTCUSDT, BTC/USDT or BTC/USDT:USDT.

        :raises Refusal: -1121 when it is not listed.
        """
        name = self.fault.symbol
        symbol = listed(name).symbol if ":" in name else name.replace("/", "")
        return self.exchange.ledger.instrument(symbol)

    def positive(self, *names: str) -> None:
        """Demand numbers.

        :raises InvalidInput: `BAD_FAULT`.
        """
        for name in names:
            if getattr(self.fault, name) <= 0:
                raise InvalidInput("BAD_FAULT", field=name, message="a number above 0 is needed")


async def _foreign(incident: Incident) -> Json:
    fault, is_limit = incident.fault, incident.fault.kind == "foreign_order"
    incident.positive("amount", *(["price"] if is_limit else []))
    request = OrderRequest(
        symbol=incident.instrument().symbol,
        side=fault.side.upper(),
        type="LIMIT" if is_limit else "MARKET",
        client_order_id=f"web_{secrets.token_hex(12)}",
        amount=fault.amount,
        price=fault.price if is_limit else Decimal(0),
    )
    if request.side not in {"BUY", "SELL"}:
        raise InvalidInput("BAD_FAULT", field="side", message="BUY or SELL")
    exchange, account = incident.exchange, await incident.account()
    if incident.instrument().kind == LINEAR:
        done = await exchange.contracts.place(account, request)
    else:
        done = await exchange.place(account, request)
    return {"order_id": done.order.order_id, "client_order_id": request.client_order_id}


async def _transfer(incident: Incident) -> Json:
    fault, account = incident.fault, await incident.account()
    if not fault.asset or not fault.amount:
        raise InvalidInput("BAD_FAULT", field="amount", message="asset and amount are needed")
    await incident.exchange.deposit(account, asset=fault.asset, amount=fault.amount)
    return {"free": str(account.balance(fault.asset).free)}


async def _force(incident: Incident) -> Json:
    fault = incident.fault
    return await force_close(
        incident.exchange, await incident.account(), kind=fault.kind, symbol=fault.symbol
    )


async def _expire_stop(incident: Incident) -> Json:
    exchange, account = incident.exchange, await incident.account()
    symbol = incident.instrument().symbol if incident.fault.symbol else None
    waiting = [
        order
        for order in exchange.ledger.orders_of(account.account_id, symbol)
        if order.is_waiting_stop and incident.fault.order in {"", order.client_order_id}
    ]
    if not waiting:
        raise Conflict("NO_STOP", message="No such stop waits on this account.")
    chosen = min(waiting, key=lambda order: order.order_id)
    await exchange.commit(expire(exchange.ledger, [chosen], now_ms=exchange.now_ms()))
    return {"order_id": chosen.order_id, "client_order_id": chosen.client_order_id}


async def _delist(incident: Incident) -> Json:
    exchange, symbol = incident.exchange, incident.instrument().symbol
    if symbol in exchange.ledger.closed:
        raise Conflict("DELISTED", symbol=symbol)
    exchange.ledger.closed.add(symbol)
    incident.fault.undo = lambda: exchange.ledger.closed.discard(symbol)
    orders = list(exchange.ledger.book(symbol).values())
    await exchange.commit(expire(exchange.ledger, orders, now_ms=exchange.now_ms()))
    return {"expired": len(orders)}


async def _change_rules(incident: Incident) -> Json:
    fault, instruments = incident.fault, incident.exchange.ledger.instruments
    before = incident.instrument()
    if fault.tick < 0 or fault.step < 0 or not (fault.tick or fault.step):
        raise InvalidInput("BAD_FAULT", field="tick", message="a tick or a step is needed")
    changed = replace(before, tick=fault.tick or before.tick, step=fault.step or before.step)
    instruments[before.symbol] = changed
    fault.undo = lambda: instruments.update({before.symbol: before})
    return {"tick": str(changed.tick), "step": str(changed.step)}


async def _take_other_fee(incident: Incident) -> Json:
    account = await incident.account()
    before = account.fees

    def undo() -> None:
        account.fees = before

    account.fees = replace(before, mode="asset", asset=incident.fault.asset)
    incident.fault.undo = undo
    return {}


async def _skew(incident: Incident) -> Json:
    exchange, ms = incident.exchange, incident.fault.ms

    def undo() -> None:
        exchange.skew_ms -= ms

    exchange.skew_ms += ms
    incident.fault.undo = undo
    return {"skew_ms": exchange.skew_ms}


async def _drop(incident: Incident) -> Json:
    return {"dropped": incident.hub.drop_all(await _owner(incident))}


async def _silence(incident: Incident) -> Json:
    owner = await _owner(incident)
    return {"silenced": incident.hub.silence(owner, ms=incident.fault.ms)}


async def _remember(incident: Incident) -> Json:
    incident.fault.past = Past(incident.exchange.ledger)
    return {}


async def _owner(incident: Incident) -> int | None:
    return (await incident.account()).account_id if incident.fault.account else None


ON_ARMING: Final[dict[str, Callable[[Incident], Awaitable[Json]]]] = {
    "foreign_fill": _foreign,
    "foreign_order": _foreign,
    "transfer": _transfer,
    "liquidation": _force,
    "auto_deleverage": _force,
    "expire_stop": _expire_stop,
    "delist": _delist,
    "rule_change": _change_rules,
    "wrong_fee_asset": _take_other_fee,
    "clock_skew": _skew,
    "dns_failure": _drop,
    "drop_stream": _drop,
    "silent_socket": _silence,
    "lagging_reads": _remember,
}
