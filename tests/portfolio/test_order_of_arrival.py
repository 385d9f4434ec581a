"""Every order in which a venue's news can arrive gives the same books."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction

from apps.core.clock import now, to_ms
from apps.orders.actions.store_facts import store_facts
from apps.orders.models import Fill, Order
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.models import Balance, JournalLine, Position
from apps.venues.domain.reports import FillReport, OrderReport
from tests.factories import fill_report, make_bot, make_instrument, order_report
from tests.portfolio.stories import sent

pytestmark = pytest.mark.django_db
Fact = OrderReport | FillReport
NOW_MS = to_ms(now())


def books(order: Order) -> tuple[Any, ...]:
    found = Order.objects.get(id=order.id)
    position = Position.objects.get(bot_id=order.bot_id)
    lines = JournalLine.objects.filter(entry__account_id=order.account_id)
    return (
        (found.status, found.filled, found.cost),
        sorted(Fill.objects.filter(order=order).values_list("venue_trade_id", "amount", "fee")),
        (position.amount, position.basis, position.realised_profit, position.fees),
        sorted(Balance.objects.filter(account_id=order.account_id).values_list("asset", "amount")),
        sorted(lines.values_list("asset", "book", "amount")),
    )


def told_in(order: Order, facts: Sequence[Fact]) -> tuple[Any, ...]:
    """Return the books after these facts, absorbed one by one; nothing of it stays."""
    with transaction.atomic():
        for number, fact in enumerate(facts):
            kind = "orders" if isinstance(fact, OrderReport) else "fills"
            source = "stream" if number % 2 else "poll"
            store_facts(account_id=order.account_id, source=source, **{kind: [fact]})
            absorb(account_id=order.account_id)
        found = books(order)
        transaction.set_rollback(True)
    return found


def different(order: Order, facts: Sequence[Fact]) -> set[str]:
    """Return the orders of arrival whose books are not those of the first one."""
    expected = told_in(order, facts)
    return {
        " ".join(str(facts.index(fact)) for fact in shuffled)
        for shuffled in permutations(facts)
        if told_in(order, shuffled) != expected
    }


def test_acknowledgement_fills_cancel_and_duplicate_in_all_120_orders() -> None:
    bot = make_bot(instruments=[make_instrument(symbol="BTC/USDT")])
    order = sent(bot, amount=Decimal(3))
    first, second = (
        fill_report(
            order, amount="1", price=price, at_ms=NOW_MS + number, venue_trade_id=str(number),
            fee=Decimal("0.1"),
        )
        for number, price in enumerate(("100", "101"))
    )  # fmt: skip
    again = dataclasses.replace(first, client_order_id="", liquidity="maker")
    ended = order_report(order, status="canceled", filled=Decimal(2), cost=Decimal(201))
    facts = [order_report(order), first, second, ended, again]

    # what liquidity a trade had is the first teller's word, and no part of the books
    assert different(order, facts) == set()
    assert told_in(order, facts)[0] == ("canceled", 2, 201)


def test_a_conditional_order_and_its_second_id_in_all_24_orders() -> None:
    bot = make_bot(instruments=[make_instrument(symbol="BTC/USDT")])
    order = sent(bot, amount=Decimal(1), type="stop_market", stop_price=Decimal(120))
    open_ = order_report(order, venue_order_id="9")
    triggered = dataclasses.replace(open_, triggered_id="77", at_ms=NOW_MS + 1)
    # a trade that bears only the second id may come before anybody has told whose that is
    fill = fill_report(
        order, price="121", at_ms=NOW_MS + 2, venue_trade_id="5", venue_order_id="77",
        client_order_id="",
    )  # fmt: skip
    ended = dataclasses.replace(
        triggered, status="closed", filled=Decimal(1), cost=Decimal(121), at_ms=NOW_MS + 3
    )
    facts = [open_, triggered, fill, ended]

    assert different(order, facts) == set()
    assert told_in(order, facts)[0] == ("filled", 1, 121)
