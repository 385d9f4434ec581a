"""Client order ids, facts, screening, proof: pure rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orders.domain.answers import is_retryable
from apps.orders.domain.assignment import assign
from apps.orders.domain.client_ids import bears_our_mark, client_order_id
from apps.orders.domain.drafts import OrderDraft
from apps.orders.domain.facts import fill_fact, number, order_fact
from apps.orders.domain.progress import Progress
from apps.orders.domain.proof import horizon, may_ask_for_proof, shows_nothing_of
from apps.orders.domain.rows import FactRow, KnownOrder
from apps.orders.domain.screening import Waiting, screen
from tests.factories import fill_report, order_report

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DRAFT = OrderDraft(
    verdict_id=UUID(int=9), account_id=UUID(int=1), bot_id=UUID(int=2), config_id=UUID(int=3),
    instrument_id=4, purpose="entry", side="buy", type="limit", amount=Decimal("1.50"),
    price=Decimal(100), decided_at=NOW, send_by=NOW, scheduled="2026-01-01T00:00", leg="entry",
)  # fmt: skip
ORDER = SimpleNamespace(
    client_order_id="a" * 32, venue_order_id="7", side="buy", type="market", amount=Decimal(1),
    price=None, stop_price=None, instrument=SimpleNamespace(symbol="BTC/USDT", quote="USDT"),
)  # fmt: skip


def test_an_id_is_32_lower_case_hex_digits_and_repeatable():
    made = client_order_id(draft=DRAFT, key="k")
    assert len(made) == 32
    assert set(made) <= set("0123456789abcdef")
    assert made == client_order_id(draft=replace(DRAFT, amount=Decimal("1.5")), key="k")


@pytest.mark.parametrize(
    "change",
    [
        {"account_id": UUID(int=8)}, {"bot_id": UUID(int=8)}, {"config_id": UUID(int=8)},
        {"scheduled": "later"}, {"leg": "stop"}, {"attempt": 1}, {"amount": Decimal(2)},
        {"price": None}, {"stop_price": Decimal(1)}, {"side": "sell"}, {"type": "market"},
        {"purpose": "reduce"}, {"time_in_force": "IOC"}, {"post_only": True},
        {"reduce_only": True}, {"instrument_id": 5}, {"trailing_rate": Decimal("0.01")},
        {"worst_price": Decimal(101)}, {"expires_at": NOW}, {"position_side": "long"},
        {"group_id": UUID(int=8)}, {"is_amendment": True, "replaces_id": UUID(int=8)},
    ],
)  # fmt: skip
def test_any_other_content_is_another_id(change):
    other = client_order_id(draft=replace(DRAFT, **change), key="k")
    assert other[:20] != client_order_id(draft=DRAFT, key="k")[:20]


def test_ids_of_the_kinds_that_were_there_first_stay_what_they_were():
    text = client_order_id(draft=DRAFT, key="k")
    assert text == "147acd4e3dde15cdb2a898006bd313a9"


def test_what_is_no_content_does_not_change_the_id():
    other = replace(
        DRAFT, verdict_id=UUID(int=7), decided_at=NOW + timedelta(1), arrival_price=Decimal(1)
    )
    assert client_order_id(draft=other, key="k") == client_order_id(draft=DRAFT, key="k")


def test_the_mark_tells_our_orders_from_others():
    made = client_order_id(draft=DRAFT, key="k")
    assert bears_our_mark(made, "k")
    assert not bears_our_mark(made, "other")
    assert not bears_our_mark(made.upper(), "k")


@given(st.text(max_size=40))
def test_nothing_made_elsewhere_bears_the_mark(text):
    assert not bears_our_mark(text, "k")


def test_the_same_news_by_stream_and_poll_has_one_digest():
    stream = order_report(ORDER, at_ms=1)
    poll = replace(stream, at_ms=2, cost=Decimal("0.00"), amount=Decimal("1.000"))
    assert order_fact(stream).digest == order_fact(poll).digest
    trade = fill_report(ORDER, at_ms=1)
    assert fill_fact(trade).digest == fill_fact(replace(trade, client_order_id="")).digest


def test_other_news_has_another_digest():
    report = order_report(ORDER)
    assert order_fact(report).digest != order_fact(replace(report, status="closed")).digest
    trade = fill_report(ORDER)
    assert fill_fact(trade).digest != fill_fact(replace(trade, venue_trade_id="x")).digest
    assert number(fill_fact(trade).content, "price") == 100


WAITING = Waiting("entry", Decimal(1), NOW, "running", Decimal(0))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("send", "")),
        ({"cancel_requested": True}, ("withdraw", "CANCEL_REQUESTED")),
        ({"send_by": NOW - timedelta(1)}, ("withdraw", "LATE")),
        ({"bot_state": "failed"}, ("withdraw", "BOT_FAILED")),
        ({"purpose": "reduce"}, ("withdraw", "AMOUNT_ABOVE_POSITION")),
        ({"purpose": "reduce", "held": Decimal(1), "bot_state": "stopped"}, ("send", "")),
        ({"purpose": "protect", "held": Decimal("0.9")}, ("withdraw", "AMOUNT_ABOVE_POSITION")),
        ({"replaced_status": "filled"}, ("withdraw", "REPLACED_ORDER_FILLED")),
        ({"replaced_status": "canceled"}, ("send", "")),
        ({"replaced_status": "open"}, ("cancel_first", "")),
        ({"replaced_status": "unknown"}, ("cancel_first", "")),
        ({"replaced_status": "pending_cancel"}, ("wait", "")),
        ({"replaced_status": "open", "purpose": "reduce"}, ("cancel_first", "")),
    ],
)
def test_a_waiting_order_is_screened_before_it_is_claimed(change, expected):
    assert screen(replace(WAITING, **change), market_now=NOW) == expected


def test_absence_is_proved_only_after_the_horizon():
    assert horizon(venue="binance", environment="simulated") == timedelta(seconds=6)
    assert horizon(venue="binance", environment="live") == timedelta(seconds=15)
    assert horizon(venue="other", environment="live") == timedelta(seconds=60)
    for seconds, expected in ((5.9, False), (6, True)):
        assert expected is may_ask_for_proof(
            submitted_at=NOW, asked_at=NOW + timedelta(seconds=seconds), venue="binance",
            environment="simulated",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, False),
        ({"client_order_id": ""}, False),
        ({"client_order_id": "", "side": "sell"}, True),
        ({"client_order_id": "", "venue_order_id": "known"}, True),
        ({"client_order_id": "somebody"}, True),
    ],
)
def test_a_trade_that_may_be_its_own_denies_the_proof(change, expected):
    fill = replace(fill_report(ORDER), **change)
    assert expected is shows_nothing_of(
        client_order_id=ORDER.client_order_id, side="buy", fills=[fill], known={"known"}
    )


def test_only_an_end_without_effect_may_be_queued_anew():
    assert is_retryable("NOT_AT_VENUE")
    assert not is_retryable("-2010")
    assert not is_retryable("TRADING_HALTED")


def fact(number_, name="", number="", symbol="BTC/USDT"):
    return FactRow(number_, "fill", name, number, {"symbol": symbol})


def known(name="ours", number="", symbol="BTC/USDT"):
    return KnownOrder(
        UUID(int=1), name, UUID(int=2), 3, "entry", "buy", symbol, "BTC", "USDT", Decimal("0.1"),
        "paper", Progress("open", Decimal(1), venue_order_id=number),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "order", "unnamed", "expected"),
    [
        ([fact(1, "ours")], known(), (), ([1], [], [])),
        ([fact(1, number="7")], known(number="7"), (), ([1], [], [])),
        ([fact(1, number="7"), fact(2, "ours", "7")], known(), (), ([1, 2], [], [])),
        ([fact(1, number="7", symbol="ETH/USDT")], known(number="7"), (), ([], [1], [])),
        ([fact(1, number="8")], known(), ("BTC/USDT",), ([], [], [1])),
        ([fact(1, number="8")], known(), (), ([], [1], [])),
        ([fact(1, "theirs", "8")], known(), ("BTC/USDT",), ([], [1], [])),
    ],
)
def test_a_fact_is_ours_foreign_or_waits(facts, order, unnamed, expected):
    found = assign(facts=facts, orders=[order], unnamed_symbols=frozenset(unnamed))
    ids = (
        [f.id for f, _ in found.ours],
        [f.id for f in found.foreign],
        [f.id for f in found.waiting],
    )
    assert ids == expected
