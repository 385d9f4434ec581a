"""OCO, trailing stops, amendments: the exchange's rules, with figures worked out by hand."""

from __future__ import annotations

from decimal import Decimal as D  # noqa: N817 - read like a number

import pytest

from apps.simulator.domain.engine import cancel
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.liquidity import LadderLiquidity
from apps.simulator.domain.order_lists import Legs
from apps.simulator.domain.orders import Effects, Order, OrderRequest
from apps.simulator.domain.pairs import PairRequest, amend, place_pair
from apps.simulator.domain.refusals import Refusal
from apps.simulator.domain.sweep import apply_candle, apply_tick
from tests.simulator.test_engine import SYMBOL, candle, exchange, order


def leg(
    side: str, kind: str, name: str, price: str = "0", stop: str = "0", trail: int = 0
) -> OrderRequest:
    return OrderRequest(
        SYMBOL, side, kind, name, D(10), D(0), D(price), D(stop), trailing_delta=trail
    )


def oco(
    ledger: Ledger, side: str = "SELL", name: str = "l", **terms: str
) -> tuple[Order, Order, Effects]:
    """Place an OCO of 10 around a market at 100; return stop leg, limit leg, effects."""
    limit_price, stop_price = ("105", "95") if side == "SELL" else ("95", "105")
    limit = leg(side, "LIMIT_MAKER", f"{name}-t", terms.get("limit", limit_price))
    stop = leg(side, "STOP_LOSS", f"{name}-s", stop=terms.get("stop", stop_price))
    above, below = (limit, stop) if side == "SELL" else (stop, limit)
    _, legs, effects = place_pair(
        ledger, ledger.accounts[1], PairRequest(name, above, below), now_ms=1
    )
    return legs[0], legs[1], effects


def held(ledger: Ledger, asset: str) -> tuple[D, D]:
    balance = ledger.accounts[1].balance(asset)
    return balance.free, balance.locked


def steps(effects: Effects) -> list[tuple[str, str]]:
    return [
        (f"list {r.execution}", r.listed.status)
        if r.listed
        else (r.execution, r.order.client_order_id)
        for r in effects.reports
    ]


def test_an_oco_holds_the_balance_once_and_says_so_in_order() -> None:
    ledger = exchange()

    _, _, effects = oco(ledger)
    assert held(ledger, "BTC") == (90, 10)
    assert steps(effects) == [("list EXEC_STARTED", "EXECUTING"), ("NEW", "l-s"), ("NEW", "l-t")]

    oco(ledger, "BUY", "b")
    # A buy must be able to pay the dearer leg: 10 x 105.
    assert held(ledger, "USDT") == (10_000 - 1050, 1050)


def test_the_first_fill_of_the_target_expires_the_stop_and_keeps_the_rest_open() -> None:
    ledger = exchange()
    stop, target, _ = oco(ledger)

    part = apply_candle(ledger, SYMBOL, candle(99, 106, volume=40), now_ms=2)

    assert steps(part) == [("EXPIRED", "l-s"), ("TRADE", "l-t")]
    assert (stop.status, target.status, target.filled) == ("EXPIRED", "PARTIALLY_FILLED", 4)
    assert held(ledger, "BTC") == (90, 6)
    rest = apply_candle(ledger, SYMBOL, candle(99, 106), now_ms=3)
    assert steps(rest) == [("TRADE", "l-t"), ("list ALL_DONE", "ALL_DONE")]
    assert held(ledger, "BTC") == (90, 0)
    assert not ledger.lists


def test_a_candle_that_spans_both_legs_fills_the_stop_only() -> None:
    ledger = exchange()
    stop, target, _ = oco(ledger)

    effects = apply_candle(ledger, SYMBOL, candle(94, 106), now_ms=2)

    assert steps(effects) == [("EXPIRED", "l-t"), ("TRADE", "l-s"), ("list ALL_DONE", "ALL_DONE")]
    assert [(t.price, t.amount) for t in effects.trades] == [(95, 10)]
    assert (stop.status, target.status) == ("FILLED", "EXPIRED")
    assert held(ledger, "BTC") == (90, 0)


def test_on_a_ladder_a_triggered_buy_stop_expires_the_limit_and_pays() -> None:
    ledger = exchange()
    oco(ledger, "BUY")

    ladder = LadderLiquidity(D(106), [(D(105), D(50))], [(D(106), D(50))])
    effects = apply_tick(ledger, SYMBOL, ladder, now_ms=2)

    assert [(t.price, t.amount) for t in effects.trades] == [(106, 10)]
    assert held(ledger, "USDT") == (10_000 - 1060, 0)
    assert not ledger.orders_of(1)


def test_another_accounts_taker_that_meets_a_leg_ends_the_pair() -> None:
    ledger = exchange(accounts=2)
    apply_tick(ledger, SYMBOL, LadderLiquidity(D(100), [(D(99), D(5))], [(D(110), D(5))]), now_ms=1)
    stop, target, _ = oco(ledger)

    order(ledger, "BUY", "LIMIT", "10", price="105", who=2)

    assert (target.status, stop.status) == ("FILLED", "EXPIRED")
    assert held(ledger, "BTC")[1] == 0
    assert not ledger.lists


def test_a_cancel_of_one_leg_cancels_both_and_gives_the_balance_back() -> None:
    ledger = exchange()
    stop, target, _ = oco(ledger)

    effects = cancel(ledger, ledger.accounts[1], target, cancel_id="x", now_ms=2)

    assert steps(effects) == [
        ("CANCELED", "l-t"),
        ("CANCELED", "l-s"),
        ("list ALL_DONE", "ALL_DONE"),
    ]
    assert (stop.status, target.status) == ("CANCELED", "CANCELED")
    assert held(ledger, "BTC") == (100, 0)


@pytest.mark.parametrize(
    ("side", "terms", "code", "words"),
    [
        ("SELL", {"limit": "99"}, -2010, "relationship of the prices"),
        ("SELL", {"stop": "101"}, -2010, "relationship of the prices"),
        ("BUY", {"limit": "101"}, -2010, "relationship of the prices"),
        ("BUY", {"limit": "95.001"}, -1013, "PRICE_FILTER"),
        ("SELL", {"name": "twice"}, -2010, "Duplicate order"),
    ],
)
def test_a_pair_that_cannot_be_is_refused_and_changes_nothing(
    side: str, terms: dict[str, str], code: int, words: str
) -> None:
    ledger = exchange()
    oco(ledger, name="twice")
    before = held(ledger, "BTC"), held(ledger, "USDT"), len(ledger.orders_of(1))

    with pytest.raises(Refusal, match=words) as refused:
        oco(ledger, side, **terms)

    assert refused.value.venue_code == code
    assert (held(ledger, "BTC"), held(ledger, "USDT"), len(ledger.orders_of(1))) == before


def test_a_pair_takes_one_of_the_five_stop_slots() -> None:
    ledger = exchange()
    for number in range(5):
        oco(ledger, name=f"n{number}")

    with pytest.raises(Refusal, match="MAX_NUM_ALGO_ORDERS"):
        oco(ledger, name="sixth")
    with pytest.raises(Refusal, match="MAX_NUM_ALGO_ORDERS"):
        order(ledger, "SELL", "STOP_LOSS", "1", stop_price="90")


@pytest.mark.parametrize(
    ("side", "above", "below", "code"),
    [
        ("SELL", "LIMIT_MAKER", "STOP_LOSS", 0),
        ("BUY", "STOP_LOSS_LIMIT", "TAKE_PROFIT", 0),
        ("SELL", "MARKET", "STOP_LOSS", -1158),
        ("BUY", "LIMIT_MAKER", "STOP_LOSS", -1165),
        ("SELL", "TAKE_PROFIT", "LIMIT_MAKER", -1166),
        ("SELL", "LIMIT_MAKER", "LIMIT_MAKER", -1168),
        ("BUY", "STOP_LOSS", "STOP_LOSS", -1196),
        ("SELL", "STOP_LOSS", "STOP_LOSS", -1197),
        ("BUY", "TAKE_PROFIT", "LIMIT_MAKER", -1198),
        ("SELL", "LIMIT_MAKER", "TAKE_PROFIT", -1199),
    ],
)
def test_each_leg_must_stand_on_its_side(side: str, above: str, below: str, code: int) -> None:
    if not code:
        Legs(side, above, below).check()
        return
    with pytest.raises(Refusal) as refused:
        Legs(side, above, below).check()
    assert refused.value.venue_code == code


def trailing(
    ledger: Ledger, side: str, delta: int, stop: str = "0", kind: str = "STOP_LOSS"
) -> Order:
    return order(ledger, side, kind, "1", stop_price=stop, trailing=str(delta)).order


@pytest.mark.parametrize(
    ("side", "bars", "price"),
    [
        # Highest 110, less 5 %: 104.5, reached by the next candle's low.
        ("SELL", [(99, 110, 100, 109), (104, 108, 108, 107)], "104.5"),
        # A gap below the trigger fills at the open.
        ("SELL", [(99, 110, 100, 109), (100, 102, 101, 101)], "101"),
        # The low comes first: 95.1 is above 95, then 104 is the highest, and the close meets 98.8.
        ("SELL", [(D("95.1"), 104, 100, 98)], "98.8"),
        # Lowest 90, plus 5 %: 94.5.
        ("BUY", [(90, 101, 100, 91), (91, 95, 91, 94)], "94.5"),
    ],
)
def test_a_trailing_stop_follows_the_best_price(
    side: str, bars: list[tuple[D, D, D, D]], price: str
) -> None:
    ledger = exchange()
    stop = trailing(ledger, side, 500)

    for number, (low, high, opened, close) in enumerate(bars, start=2):
        bar = candle(low, high, opened=opened, close=close)
        trades = apply_candle(ledger, SYMBOL, bar, now_ms=number).trades

    assert [trade.price for trade in trades] == [D(price)]
    assert stop.status == "FILLED"


def test_a_trailing_take_profit_follows_from_its_stop_price_on() -> None:
    ledger = exchange()
    stop = trailing(ledger, "SELL", 500, "108", "TAKE_PROFIT")

    # 20 % below before the start does not matter.
    assert not apply_candle(ledger, SYMBOL, candle(80, 101, close=100), now_ms=2).trades
    assert (stop.trailing_best, stop.trailing_ms) == (0, -1)
    # It starts at 108, goes on to 112, and the close of 107 is above 106.4.
    assert not apply_candle(ledger, SYMBOL, candle(99, 112, close=107), now_ms=3).trades
    assert (stop.trailing_best, stop.trailing_ms) == (112, 3)
    trades = apply_candle(ledger, SYMBOL, candle(106, 107, opened=107), now_ms=4).trades
    assert [trade.price for trade in trades] == [D("106.4")]


def test_a_trailing_stop_on_a_ladder_follows_ticks_and_takes_what_is_there() -> None:
    ledger = exchange()
    trailing(ledger, "SELL", 100)

    def tick(last: str) -> list[D]:
        ladder = LadderLiquidity(D(last), [(D(last) - 1, D(5))], [(D(last) + 1, D(5))])
        return [trade.price for trade in apply_tick(ledger, SYMBOL, ladder, now_ms=2).trades]

    assert [tick(last) for last in ("105", "104", "110", "108.91", "108.9")] == [
        [],
        [],
        [],
        [],
        [D("107.9")],
    ]


@pytest.mark.parametrize("delta", [9, 2001])
def test_a_delta_beyond_the_filter_is_refused(delta: int) -> None:
    with pytest.raises(Refusal, match="TRAILING_DELTA"):
        trailing(exchange(), "SELL", delta)


def test_a_buy_that_trails_locks_what_its_worst_trigger_costs() -> None:
    ledger = exchange()

    trailing(ledger, "BUY", 500, "110")
    trailing(ledger, "BUY", 500)

    assert held(ledger, "USDT")[1] == D("115.5") + D(105)


def test_an_amendment_takes_amount_away_and_keeps_the_place_in_the_queue() -> None:
    ledger = exchange()
    first = order(ledger, "BUY", "LIMIT", "10", price="95").order

    effects = amend(ledger, first, amount=D(4), client_id="new", now_ms=2)

    assert steps(effects) == [("REPLACED", "new")]
    assert (first.amount, first.order_id, held(ledger, "USDT")) == (4, 1, (9620, 380))
    assert ledger.find(1, SYMBOL, order_id=0, client_id="new") is first
    for amount, words in (("4", "no state"), ("5", "quantity increase"), ("0", "LOT_SIZE")):
        with pytest.raises(Refusal, match=words):
            amend(ledger, first, amount=D(amount), client_id="x", now_ms=3)


def test_an_amendment_of_one_leg_amends_its_pair() -> None:
    ledger = exchange()
    stop, target, _ = oco(ledger)

    effects = amend(ledger, target, amount=D(3), client_id="new", now_ms=2)

    assert steps(effects) == [
        ("REPLACED", "new"),
        ("REPLACED", "l-s"),
        ("list UPDATED", "EXECUTING"),
    ]
    assert (stop.amount, target.amount, held(ledger, "BTC")) == (3, 3, (97, 3))
