"""What bots decide and people ask for: each order as a cycle or a person would record it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.domain.money import floor_to
from apps.core.errors import DeskError
from apps.marketdata.models import Instrument
from apps.orders.actions.request_cancels import request_cancels
from apps.orders.models import Order
from apps.trading.actions.amend_order import NewTerms, amend_order
from apps.trading.actions.close_position import close_position
from apps.trading.actions.place_group import place_group
from apps.trading.actions.place_manual import place_manual
from apps.trading.domain.manual import GroupTerms, ManualTerms
from apps.trading.queries.books import PairBook, pair_books
from tests.simulation.world import CALLER, World

ANNA = Actor("person", "1", "Anna", "operator")
TYPES = ("market", "market", "limit", "limit", "limit", "limit", "stop_market", "stop_limit",
         "take_profit_market", "take_profit_limit")  # fmt: skip
TIMES_IN_FORCE = ("GTC", "GTC", "GTC", "IOC", "FOK", "GTD", "GTD")
OTHER_SIDE = {"buy": "sell", "sell": "buy"}


@dataclass
class Deeds:
    """Acts by chance; `ordered` counts what bots decided, `asked` what people did."""

    world: World
    random: random.Random
    prices: dict[str, Decimal]
    # on a perpetual every bot keeps to its side of a symbol
    sides: dict[tuple[UUID, str], str] = field(default_factory=dict)
    ordered: int = 0
    asked: int = 0

    def decide(self) -> None:
        """Let a few bots enter, or leave with all that they hold."""
        for _ in range(self.random.randint(1, 4)):
            bot = self.random.choice(self.world.rows.bots)
            symbol = self.random.choice(sorted(self.prices))
            self._order(bot, symbol)
            self.ordered += 1

    def ask(self) -> None:
        """Let a person do one thing by hand, through the same judge as everybody."""
        acts: tuple[Callable[[Bot, str, str], Any], ...] = (
            self._manual, self._close, self._amend, self._group, self._amend, self._bracket,
        )  # fmt: skip
        bot = self.random.choice(self.world.rows.bots)
        symbol = self.random.choice(sorted(self.prices))
        act = self.random.choice(acts)
        self.asked += 1
        request = f"ask-{self.asked}"

        def do() -> None:
            try:
                act(bot, symbol, request)
            except DeskError as error:
                self.world.trace(f"refused {act.__name__} {error.code}")
            else:
                self.world.trace(f"asked {act.__name__}")

        state = self.random.getstate()
        worked = self.world.alone(do)
        if not worked:
            # the page broke off: the person sends the same once more
            self.random.setstate(state)
            self.world.alone(do)

    # bots

    def _order(self, bot: Bot, symbol: str) -> None:
        instrument = self.world.rows.instruments[symbol]
        book = pair_books([(bot.id, instrument.id)])[bot.id, instrument.id]
        send_by = self.world.clock.now() + timedelta(seconds=self.random.choice((20, 120, 3600)))
        # the judge lets no bot leave with more than it holds
        may_leave = abs(book.amount) > 100 * instrument.amount_step and not book.leaving
        if may_leave and self.random.random() < 0.5:
            self._leave(bot, instrument, book, send_by=send_by)
        else:
            terms = self._terms(symbol, self._side(bot, symbol))
            self.world.order(bot, instrument, send_by=send_by, **terms)

    def _side(self, bot: Bot, symbol: str) -> str:
        if not self.world.rows.market.is_linear:
            return "buy"
        key = (bot.id, symbol if self.world.rows.market.position_mode == "hedge" else "")
        whose = key if key[1] else (self.world.account_id, symbol)
        if whose not in self.sides:
            self.sides[whose] = self.random.choice(("buy", "sell"))
        return self.sides[whose]

    def entry_sides(self) -> dict[str, str]:
        """Return the side on which bots enter each symbol."""
        return {s: self._side(self.world.rows.bots[0], s) for s in sorted(self.prices)}

    def _leave(self, bot: Bot, instrument: Instrument, book: PairBook, **terms: Any) -> None:
        side = "sell" if book.amount > 0 else "buy"
        terms |= self._priced(instrument.symbol, side, self.random.choice(("market", "limit")))
        amount = floor_to(abs(book.amount), instrument.amount_step)
        self.world.order(
            bot, instrument, purpose="reduce", side=side, amount=amount,
            replaces_id=book.stop_id, **terms,
        )  # fmt: skip
        request_cancels(order_ids=book.targets or [], actor=CALLER, cause="position_leaves")

    def _terms(self, symbol: str, side: str) -> dict[str, Any]:
        """Return the terms of an entry of about 500 to 4,500 USDT."""
        unit = Decimal("0.01") if symbol.startswith("BTC") else Decimal("0.25")
        amount = unit * self.random.randint(1, 9)
        terms = self._priced(symbol, side, self.random.choice(TYPES))
        return terms | {"side": side, "amount": amount}

    def _priced(self, symbol: str, side: str, kind: str) -> dict[str, Any]:
        """Return type, prices and time in force; a stop waits beyond the price, a profit before it."""
        terms: dict[str, Any] = {"type": kind}
        away = Decimal(self.random.randint(-3, 5)) / 10_000
        if kind not in {"market", "limit"}:
            is_stop = kind.startswith("stop")
            distance = Decimal(self.random.randint(1, 30)) / 10_000
            terms["stop_price"] = self._price(symbol, side, -distance if is_stop else distance)
            away = (-distance if is_stop else distance) + Decimal(
                self.random.randint(-5, 5)
            ) / 10_000
        if kind.endswith("limit"):
            terms["price"] = self._price(symbol, side, away)
        elif kind == "market" and self.random.random() < 0.5:
            terms["worst_price"] = self._price(symbol, side, Decimal("-0.01"))
        if kind == "limit":
            terms["time_in_force"] = self.random.choice(TIMES_IN_FORCE)
            terms |= self._limit_terms(terms["time_in_force"])
        return terms

    def _limit_terms(self, time_in_force: str) -> dict[str, Any]:
        at = self.world.clock.now()
        if time_in_force == "GTD":
            return {"expires_at": at + timedelta(seconds=self.random.choice((10, 60, 900)))}
        if time_in_force == "GTC" and self.random.random() < 0.2:
            return {"post_only": True}
        if time_in_force == "GTC" and self.random.random() < 0.3:
            return {"tend_at": at + timedelta(seconds=self.random.choice((15, 60)))}
        return {}

    def _price(self, symbol: str, side: str, better: Decimal) -> Decimal:
        """Return a price that is by a fraction better (worse below zero) for `side` than the last."""
        factor = 1 - better if side == "buy" else 1 + better
        return floor_to(
            self.prices[symbol] * factor, self.world.rows.instruments[symbol].price_tick
        )

    # people

    def _manual(self, bot: Bot, symbol: str, request: str) -> None:
        side = self._side(bot, symbol)
        terms = self._terms(symbol, side)
        place_manual(
            actor=ANNA, bot_id=bot.id, terms=self._by_hand(symbol, request, terms), reason="hand"
        )

    def _by_hand(self, symbol: str, request: str, terms: dict[str, Any]) -> ManualTerms:
        known = {k: v for k, v in terms.items() if k not in {"worst_price", "tend_at"}}
        return ManualTerms(self.world.rows.instruments[symbol].id, request_id=request, **known)

    def _close(self, bot: Bot, symbol: str, request: str) -> None:
        instrument_id = self.world.rows.instruments[symbol].id
        close_position(
            actor=ANNA, bot_id=bot.id, instrument_id=instrument_id, reason="close",
            request_id=request,
        )  # fmt: skip

    def _amend(self, bot: Bot, symbol: str, request: str) -> None:
        """Change the price, or the amount, of what rests: an entry or exit, a stop, a target."""
        resting = Order.objects.filter(
            account_id=self.world.account_id, status__in=("open", "partially_filled")
        ).select_related("instrument")
        found = sorted(resting, key=lambda order: order.client_order_id)
        if not found:
            return
        order = self.random.choice(found)
        amend_order(actor=ANNA, order_id=order.id, terms=self._new_terms(order), reason="amend")

    def _new_terms(self, order: Order) -> NewTerms:
        symbol, side = order.instrument.symbol, order.side
        if order.purpose == "protect":
            # a stop only ever closer to the market
            if order.type == "limit":
                return NewTerms(price=self._price(symbol, side, Decimal("0.03")))
            return NewTerms(stop_price=self._price(symbol, side, Decimal("-0.03")))
        if self.random.random() < 0.3:
            return NewTerms(amount=order.amount * 2)
        return NewTerms(price=self._price(symbol, side, Decimal("0.001")))

    def _exits(self, symbol: str, side: str) -> dict[str, Decimal]:
        """Return the exits of a position entered on `side`."""
        out, near = OTHER_SIDE[side], Decimal(self.random.randint(1, 20)) / 1000
        exits = {"target_price": self._price(symbol, out, near)}
        if self.random.random() < 0.4:
            return exits | {"trailing_rate": Decimal("0.01")}
        return exits | {"stop_price": self._price(symbol, out, -near)}

    def _group(self, bot: Bot, symbol: str, request: str) -> None:
        terms = GroupTerms(
            self.world.rows.instruments[symbol].id, request,
            **self._exits(symbol, self._side(bot, symbol)),
        )  # fmt: skip
        place_group(actor=ANNA, bot_id=bot.id, terms=terms, reason="exits")

    def _bracket(self, bot: Bot, symbol: str, request: str) -> None:
        side = self._side(bot, symbol)
        entry = {"side": side, "type": "market", "amount": self._terms(symbol, side)["amount"]}
        terms = GroupTerms(
            self.world.rows.instruments[symbol].id, request,
            entry=self._by_hand(symbol, request, entry), **self._exits(symbol, side),
        )  # fmt: skip
        place_group(actor=ANNA, bot_id=bot.id, terms=terms, reason="bracket")
