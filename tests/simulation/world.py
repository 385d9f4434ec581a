"""A desk and its exchange in one process on virtual time: what happens is a function of the seed."""

from __future__ import annotations

from collections.abc import Callable
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
from apps.orders.domain.exits import entry_position_side, exit_flags
from apps.orders.domain.rows import UnfinishedOrder
from apps.orders.queries import unfinished_orders
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.actions.apply_settings import apply_settings
from apps.portfolio.actions.poll_perpetuals import poll_funding, poll_venue_positions
from apps.reconciliation.actions.reconcile_balances import reconcile_balances
from apps.reconciliation.actions.reconcile_orders import reconcile_orders
from apps.reconciliation.actions.reconcile_positions import reconcile_positions
from apps.risk.actions.record_verdicts import record_verdicts
from apps.risk.domain.forms import Judgement, ProposedOrder
from apps.risk.domain.verdicts import VerdictItem
from apps.trading.actions.protect_positions import protect_positions
from apps.trading.actions.tend_orders import tend_orders
from apps.venues import gateways
from apps.venues.domain.reports import FillReport, OrderReport
from apps.venues.gateways.errors import VenueError
from tests.simulation.border import Border
from tests.simulation.clock import VirtualClock
from tests.simulation.contracts import ContractExchange
from tests.simulation.faults import Faults
from tests.simulation.processes import Crash, Process
from tests.simulation.rows import Rows
from tests.simulation.spot import SpotExchange
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
        kind = ContractExchange if rows.market.is_linear else SpotExchange
        self.exchange: Exchange = kind(clock, rows.market)
        self.faults = faults or Faults()
        self.border = border(self)
        self.lines: list[str] = []
        self.crashes = 0
        self.is_protecting = False
        self._at_work: list[Process] = []
        # kinds of cases that what happened at the venue must leave open
        self.expected_cases: set[str] = set()
        self.press_halt: Callable[[], None] = lambda: None
        self.refresh: Callable[[], None] = lambda: None
        self._told = 0
        gateways._GATEWAYS.clear()
        gateways.build_gateway = lambda credentials: self.border
        if rows.market.is_linear:
            self._as(self.worker, lambda: apply_settings(account_id=self.account_id))

    @property
    def contracts(self) -> ContractExchange:
        """The exchange, of an account that trades perpetuals."""
        assert isinstance(self.exchange, ContractExchange)
        return self.exchange

    def trace(self, text: str) -> None:
        self.lines.append(f"{self.clock.ms} {text}")

    # the desk's work

    def order(self, bot: Bot, instrument: Instrument, **terms: Any) -> str:
        """Record an order as a cycle would, with its verdict; return its client order id."""
        purpose = terms.setdefault("purpose", "entry")
        at = self.clock.now()
        values = {"side": "buy", "type": "limit", "amount": Decimal(1)} | terms
        values |= self._flags(instrument.kind, purpose, values["side"])
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

    def _flags(self, kind: str, purpose: str, side: str) -> dict[str, Any]:
        mode = self.rows.market.position_mode
        if purpose == "entry":
            return {"position_side": entry_position_side(kind=kind, position_mode=mode, side=side)}
        reduce_only, position_side = exit_flags(kind=kind, position_mode=mode, side=side)
        return {"reduce_only": reduce_only, "position_side": position_side}

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
        if self.is_protecting:
            tend_orders(account_id=account_id)
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
            if self.rows.market.is_linear:
                self._ask_about_contracts()
                found.append(reconcile_positions(account_id=self.account_id))
            found.append(reconcile_balances(account_id=self.account_id))

        self._as(self.worker, compare)
        wanted = 3 if self.rows.market.is_linear else 2
        is_clean = len(found) == wanted and all(c is not None and c.is_clean for c in found)
        self.trace(f"reconciled {is_clean}")
        return is_clean

    def _ask_about_contracts(self) -> None:
        """Ask for positions and funding, as the tasks on a schedule do."""
        try:
            poll_venue_positions(account_id=self.account_id)
            poll_funding(account_id=self.account_id)
        except (VenueError, TimeoutError) as error:
            self.trace(f"unreadable {type(error).__name__}")

    def hear(self) -> None:
        """Deliver what the exchange's user stream said."""
        fault = self.faults.strike("stream") if self.exchange.heard else ""
        said = list(self.exchange.heard)
        self.exchange.heard.clear()
        if fault == "stream_lost":
            self.trace(f"lost {len(said)}")
            return
        if fault == "stream_late":
            self.clock.at(self.clock.ms + 5000, lambda: self.exchange.heard.extend(said))
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

    def alone(self, work: Callable[[], Any]) -> bool:
        """Let the other process do something: a person's act, or the control process."""
        return self.other not in self._at_work and self._as(self.other, work)

    def _as(self, process: Process, work: Callable[[], Any]) -> bool:
        """Work in a process; return whether it came to the end.

        When it dies or loses PostgreSQL, a new one takes its place.
        """
        process.strike = self.faults.strike
        self._at_work.append(process)
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
        else:
            return True
        finally:
            self._at_work.pop()
        return False

    # what a fault asks for while a call is on its way

    def crash(self, where: str) -> None:
        self.trace(f"crash {where}")
        self._at_work[-1].die()

    def beside(self) -> None:
        """Let another worker do the same work now."""
        self._calmly_beside(self._turn)

    def hear_beside(self) -> None:
        """Let another process store and draw what the stream says, before the answer is here."""
        said = list(self.exchange.heard)
        self.exchange.heard.clear()
        self._calmly_beside(lambda: self._draw(said))

    def pause(self, seconds: float) -> None:
        """Stop the worker; meanwhile the server drops its permit and another worker goes on."""
        self._at_work[-1].lose_permit()
        for _ in range(3):
            self.clock.sleep(seconds / 3)
            self.beside()

    def fill_first(self, place: str, name: str) -> None:
        """Let the market take an order that is about to be cancelled."""
        exchange = self.exchange
        for order in exchange.named(name) if place == "cancel" else ():
            if order.status == "open" and order.price:
                last = exchange.ledger.market(exchange.inner(order.symbol)).last
                exchange.tick(order.symbol, order.price + (-1 if order.side == "buy" else 1))
                exchange.tick(order.symbol, last)

    def _calmly_beside(self, work: Callable[[], Any]) -> None:
        """Let the process that is not at work do something; it has its own luck."""
        free = [process for process in (self.other, self.worker) if process not in self._at_work]
        faults, self.faults = self.faults, Faults()
        for process in free[:1]:
            self._as(process, work)
        self.faults = faults

    # the end

    def settle(self) -> bool:
        """Let faults stop and time pass until everything is told; return whether it is."""
        self.faults.calm()
        for pause in (1, 2, 5, 10, 20, 60, 120, 300, 900):
            self.clock.sleep(pause)
            self.refresh()
            self.hear()
            self.turn()
            left = [o for o in unfinished_orders(account_id=self.account_id) if not _rests(o)]
            if not left and (self.reconcile() or (self.expected_cases and pause > 20)):
                return True
        return False


def _rests(order: UnfinishedOrder) -> bool:
    return order.purpose == "protect" and order.status in {"open", "partially_filled"}
