"""A desk and its exchange in one process on virtual time: what happens is a function of the seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.db import Error, connection, transaction

from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.marketdata.models import Instrument
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.request_cancels import request_cancels
from apps.orders.actions.resolve_orders import resolve_orders
from apps.orders.actions.send_cancels import send_cancels
from apps.orders.actions.send_orders import send_orders
from apps.orders.actions.store_facts import store_facts
from apps.orders.domain.drafts import OrderDraft
from apps.orders.domain.rows import UnfinishedOrder
from apps.orders.queries import unfinished_orders
from apps.portfolio.actions.absorb import absorb
from apps.reconciliation.actions.reconcile_balances import reconcile_balances
from apps.reconciliation.actions.reconcile_orders import reconcile_orders
from apps.risk.actions.record_verdicts import record_verdicts
from apps.risk.domain.forms import Judgement, ProposedOrder
from apps.risk.domain.verdicts import VerdictItem
from apps.trading.actions.protect_positions import protect_positions
from apps.venues import gateways
from apps.venues.domain.reports import FillReport, OrderReport, OrderTicket
from tests.simulation.border import Border
from tests.simulation.clock import VirtualClock
from tests.simulation.faults import Faults
from tests.simulation.processes import Crash, Process
from tests.simulation.rows import Rows
from tests.simulation.venue import Exchange

CALLER = Actor.task("simulation")


class World:
    """`worker` and `other` are two processes of the desk; `border` what they call the venue."""

    def __init__(
        self,
        clock: VirtualClock,
        processes: tuple[Process, Process],
        rows: Rows,
        faults: Faults | None = None,
        border: type[Border] = Border,
    ) -> None:
        self.clock = clock
        self.worker, self.other = processes
        self.rows = rows
        self.account_id = rows.account.id
        self.exchange = Exchange(clock, rows.prices, **rows.balances)
        self.faults = faults or Faults()
        self.border = border(self)
        self.lines: list[str] = []
        self.crashes = 0
        self.is_protecting = False
        self._told = 0
        gateways._GATEWAYS.clear()
        gateways.build_gateway = lambda credentials: self.border

    def trace(self, text: str) -> None:
        self.lines.append(f"{self.clock.ms} {text}")

    # the desk's work

    def order(self, bot: Bot, instrument: Instrument, **terms: Any) -> str:
        """Record an order as a cycle would, with its verdict; return its client order id."""
        purpose = terms.setdefault("purpose", "entry")
        at = self.clock.now()
        values = {"side": "buy", "type": "limit", "amount": Decimal(1)} | terms
        proposed = ProposedOrder(
            self.account_id, bot.id, instrument.id, purpose, values["side"], values["type"],
            values["amount"], price=values.get("price"),
        )  # fmt: skip
        judgement = Judgement((), values.get("price"), Decimal(0))
        self._told += 1
        with transaction.atomic():
            verdict = record_verdicts(items=[VerdictItem(proposed, judgement, at=at)])[0]
            draft = OrderDraft(
                verdict_id=verdict, account_id=self.account_id, bot_id=bot.id,
                config_id=bot.config_id, instrument_id=instrument.id, decided_at=at,
                scheduled=str(self._told), leg=purpose,
                **({"send_by": at + self.rows.send_within} | values),
            )  # fmt: skip
            order_id = create_orders(drafts=[draft])[0]
        with connection.cursor() as cursor:
            cursor.execute("SELECT client_order_id FROM orders_order WHERE id = %s", [order_id])
            name: str = cursor.fetchone()[0]
        self.trace(f"decided {values['side']} {values['type']} {values['amount']} {name}")
        return name

    def cancel(self, *client_order_ids: str) -> None:
        names = set(client_order_ids)
        found = unfinished_orders(account_id=self.account_id)
        ids = [
            o.id for o in found if (o.client_order_id in names if names else o.purpose != "protect")
        ]
        request_cancels(order_ids=ids, actor=CALLER, cause="test")

    def turn(self) -> None:
        """Let the worker do what `run_account` does, without deciding anything."""
        self._as(self.worker, self._turn)

    def _turn(self) -> None:
        account_id = self.account_id
        absorb(account_id=account_id)
        send_orders(account_id=account_id)
        send_cancels(account_id=account_id)
        resolve_orders(account_id=account_id)
        absorb(account_id=account_id)
        if self.is_protecting and protect_positions(account_id=account_id):
            send_orders(account_id=account_id)
            absorb(account_id=account_id)

    def reconcile(self) -> bool:
        """Run both comparisons; return whether both were clean."""
        found: list[Any] = []

        def compare() -> None:
            found.append(reconcile_orders(account_id=self.account_id))
            found.append(reconcile_balances(account_id=self.account_id))

        self._as(self.worker, compare)
        is_clean = len(found) == 2 and all(c is not None and c.is_clean for c in found)
        self.trace(f"reconciled {is_clean}")
        return is_clean

    def hear(self) -> None:
        """Deliver what the exchange's user stream said."""
        fault = self.faults.strike("stream") if self.exchange.heard else ""
        said = list(self.exchange.heard)
        self.exchange.heard.clear()
        if fault == "stream_lost":
            self.trace(f"lost {len(said)}")
            return
        if fault == "stream_disorder":
            said = [*reversed(said), *said]
        if said:
            self._as(self.worker, lambda: self._draw(said))

    def _draw(self, said: list[OrderReport | FillReport]) -> None:
        self._store(said)
        absorb(account_id=self.account_id)

    def _store(self, said: list[OrderReport | FillReport]) -> None:
        store_facts(
            account_id=self.account_id,
            source="stream",
            orders=[s for s in said if isinstance(s, OrderReport)],
            fills=[s for s in said if isinstance(s, FillReport)],
        )

    def _as(self, process: Process, work: Callable[[], Any]) -> None:
        """Work in a process; when it dies or loses PostgreSQL, a new one takes its place."""
        process.strike = self.faults.strike
        try:
            with process.at_work():
                work()
        except Crash:
            self.crashes += 1
            self.trace(f"{process.name} died")
            process.again()
        except Error as error:
            self.trace(f"{process.name} lost PostgreSQL")
            if not process.was_cut:
                raise error from None
            process.again()

    # what a fault asks for while a call is on its way

    def crash(self, where: str) -> None:
        self.trace(f"crash {where}")
        self.worker.die()

    def beside(self) -> None:
        """Let another worker do the same work now."""
        with self.calmly():
            self._as(self.other, self._turn)

    def hear_beside(self) -> None:
        """Let another process store and draw what the stream says, before the answer is here."""
        said = list(self.exchange.heard)
        self.exchange.heard.clear()
        with self.calmly():
            self._as(self.other, lambda: self._draw(said))

    def pause(self, seconds: float) -> None:
        """Stop the worker; meanwhile the server drops its permit and another worker goes on."""
        self.worker.lose_permit()
        for _ in range(3):
            self.clock.sleep(seconds / 3)
            self.beside()

    def fill_first(self, place: str, ticket: OrderTicket | None, about: str) -> None:
        """Let the market take an order that is about to be cancelled."""
        for order in self.exchange.named(about) if place == "cancel" else ():
            if order.is_open and order.price:
                symbol = self.exchange.symbols[order.symbol]
                last = self.exchange.ledger.market(order.symbol).last
                self.exchange.tick(symbol, order.price + (-1 if order.side == "BUY" else 1))
                self.exchange.tick(symbol, last)

    @contextmanager
    def calmly(self) -> Iterator[None]:
        """Another process has its own luck: nothing strikes it now."""
        faults, self.faults = self.faults, Faults()
        try:
            yield
        finally:
            self.faults = faults

    def foreign_change(self) -> dict[str, Decimal]:
        """Return what trades past the desk did to each balance at the venue."""
        strangers = {
            o.order_id for o in self.exchange.orders() if o.client_order_id.startswith("web_")
        }
        change: dict[str, Decimal] = {}
        for trade in self.exchange.trades:
            if trade.order_id in strangers:
                base, quote = self.exchange.symbols[trade.symbol].split("/")
                sign = 1 if trade.side == "BUY" else -1
                moves = (
                    (base, sign * trade.amount), (quote, -sign * trade.cost),
                    (trade.fee_asset, -trade.fee),
                )  # fmt: skip
                for asset, amount in moves:
                    change[asset] = change.get(asset, Decimal(0)) + amount
        return change

    # the end

    def settle(self) -> bool:
        """Let faults stop and time pass until everything is told; return whether it is."""
        self.faults.calm()
        for pause in (1, 2, 5, 10, 20, 60, 120, 300, 900):
            self.clock.sleep(pause)
            self.hear()
            self.turn()
            left = [o for o in unfinished_orders(account_id=self.account_id) if not _rests(o)]
            if not left and self.reconcile():
                return True
        return False


def _rests(order: UnfinishedOrder) -> bool:
    return order.purpose == "protect" and order.status == "open"
