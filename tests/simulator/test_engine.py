"""The matching engine alone: fills on candles and ladders, locks, fees, priority."""

from __future__ import annotations

from decimal import Decimal as D  # noqa: N817 - read like a number

import pytest

from apps.simulator.domain.accounts import Account, FeeSchedule
from apps.simulator.domain.engine import cancel, deposit, place
from apps.simulator.domain.instruments import listed
from apps.simulator.domain.ledger import Ledger, Placed
from apps.simulator.domain.liquidity import Candle, LadderLiquidity
from apps.simulator.domain.orders import OrderRequest
from apps.simulator.domain.refusals import Refusal
from apps.simulator.domain.sweep import apply_candle, apply_tick

SYMBOL = "BTCUSDT"


def candle(
    low: int, high: int, *, opened: int = 100, close: int = 100, volume: int = 1000
) -> Candle:
    return Candle(0, D(opened), D(high), D(low), D(close), D(volume))


def exchange(*, fees: FeeSchedule | None = None, accounts: int = 2) -> Ledger:
    ledger = Ledger()
    instrument = listed("BTC/USDT")
    ledger.instruments[instrument.symbol] = instrument
    for number in range(1, accounts + 1):
        account = Account(number, f"a{number}", f"k{number}", "s", fees or FeeSchedule())
        ledger.accounts[number] = account
        deposit(account, asset="USDT", amount=D(10_000))
        deposit(account, asset="BTC", amount=D(100))
    apply_candle(ledger, SYMBOL, candle(99, 101), now_ms=0)
    return ledger


def order(
    ledger: Ledger, side: str, kind: str, amount: str, *, who: int = 1, **terms: str
) -> Placed:
    numbers = {name: D(value) for name, value in terms.items() if name in {"price", "stop_price"}}
    request = OrderRequest(
        symbol=SYMBOL,
        side=side,
        type=kind,
        client_order_id=f"c{ledger.last_order_id}",
        amount=D(amount),
        time_in_force=terms.get("tif", "GTC"),
        reduce_only=terms.get("reduce_only") == "yes",
        trailing_delta=int(terms.get("trailing", "0")),
        **numbers,
    )
    return place(ledger, ledger.accounts[who], request, now_ms=1)


def test_a_market_order_pays_half_the_spread_and_an_impact_that_grows_with_its_share() -> None:
    ledger = exchange()

    small = order(ledger, "BUY", "MARKET", "0.1").trades[0]
    large = order(ledger, "SELL", "MARKET", "50").trades[0]

    assert small.price == D("100.02")  # 100 * (1 + 0.0001 + 0.001 * 0.1 / 100), up to the tick
    assert large.price == D("99.94")  # 100 * (1 - 0.0001 - 0.001 * 50 / 100)


def test_the_same_order_fills_alike_whatever_came_before_it() -> None:
    ledger = exchange()
    first = order(ledger, "SELL", "MARKET", "20").trades[0]
    order(ledger, "SELL", "MARKET", "30", who=2)
    second = order(ledger, "SELL", "MARKET", "20").trades[0]

    assert (first.price, first.amount) == (second.price, second.amount)


def test_a_resting_limit_fills_at_its_price_when_the_candle_reaches_it() -> None:
    ledger = exchange()
    resting = order(ledger, "BUY", "LIMIT", "1", price="95").order

    assert not apply_candle(ledger, SYMBOL, candle(96, 101), now_ms=2).trades
    (trade,) = apply_candle(ledger, SYMBOL, candle(90, 101), now_ms=3).trades

    assert (trade.price, trade.is_maker, resting.status) == (D(95), True, "FILLED")
    assert ledger.accounts[1].balance("USDT").locked == 0


def test_a_resting_limit_fills_over_several_candles_by_their_volume() -> None:
    ledger = exchange()
    resting = order(ledger, "BUY", "LIMIT", "10", price="95").order

    statuses = []
    for moment in range(3):
        apply_candle(ledger, SYMBOL, candle(90, 101, volume=40), now_ms=moment)
        statuses.append((resting.filled, resting.status))

    assert statuses == [(4, "PARTIALLY_FILLED"), (8, "PARTIALLY_FILLED"), (10, "FILLED")]


@pytest.mark.parametrize(("opened", "price"), [(100, "95"), (92, "92")])
def test_a_stop_fills_at_its_price_or_at_the_open_of_a_gap(opened: int, price: str) -> None:
    ledger = exchange()
    order(ledger, "SELL", "STOP_LOSS", "1", stop_price="95")
    assert ledger.accounts[1].balance("BTC").locked == 1

    effects = apply_candle(ledger, SYMBOL, candle(90, 101, opened=opened), now_ms=2)

    assert [trade.price for trade in effects.trades] == [D(price)]
    assert ledger.accounts[1].balance("BTC").locked == 0


def test_a_stop_limit_beyond_its_limit_rests_after_a_gap() -> None:
    ledger = exchange()
    stop = order(ledger, "SELL", "STOP_LOSS_LIMIT", "1", stop_price="95", price="94").order

    assert not apply_candle(ledger, SYMBOL, candle(90, 93, opened=92), now_ms=2).trades
    assert (stop.is_working, stop.status) == (True, "NEW")
    assert apply_candle(ledger, SYMBOL, candle(90, 96), now_ms=3).trades[0].price == 94


def test_take_profit_and_stop_buy_trigger_on_a_rise() -> None:
    ledger = exchange()
    order(ledger, "SELL", "TAKE_PROFIT", "1", stop_price="105")
    order(ledger, "BUY", "STOP_LOSS", "1", stop_price="106")

    assert not apply_candle(ledger, SYMBOL, candle(90, 104), now_ms=2).trades
    prices = [t.price for t in apply_candle(ledger, SYMBOL, candle(99, 107), now_ms=3).trades]

    assert prices == [105, 106]


@pytest.mark.parametrize(
    ("tif", "filled", "status"), [("IOC", 100, "EXPIRED"), ("FOK", 0, "EXPIRED")]
)
def test_what_cannot_fill_at_once_expires(tif: str, filled: int, status: str) -> None:
    ledger = exchange(accounts=1)
    deposit(ledger.accounts[1], asset="BTC", amount=D(100))

    placed = order(ledger, "SELL", "LIMIT", "150", price="99", tif=tif).order

    assert (placed.filled, placed.status) == (filled, status)
    assert ledger.accounts[1].balance("BTC").locked == 0
    assert not ledger.orders_of(1)


def test_reduce_only_never_buys_nor_sells_more_than_is_held() -> None:
    ledger = exchange()

    for side, amount in (("BUY", "1"), ("SELL", "101")):
        with pytest.raises(Refusal, match="ReduceOnly"):
            order(ledger, side, "MARKET", amount, reduce_only="yes")
    assert order(ledger, "SELL", "MARKET", "1", reduce_only="yes").order.status == "FILLED"


def test_a_cancel_gives_back_what_was_locked_and_works_once() -> None:
    ledger = exchange()
    resting = order(ledger, "BUY", "LIMIT", "10", price="95").order

    cancel(ledger, ledger.accounts[1], resting, cancel_id="x", now_ms=2)

    assert ledger.accounts[1].balance("USDT").free == 10_000
    with pytest.raises(Refusal) as refused:
        cancel(ledger, ledger.accounts[1], resting, cancel_id="y", now_ms=3)
    assert refused.value.venue_code == -2011


@pytest.mark.parametrize(
    ("fees", "asset", "amount"),
    [
        (FeeSchedule(), "BTC", "0.001"),
        (FeeSchedule(mode="quote"), "USDT", "0.10002"),
        (FeeSchedule(mode="asset", asset="USDT"), "USDT", "0.10002"),
        (FeeSchedule(mode="asset", asset="BNB"), "BTC", "0.001"),
    ],
)
def test_the_fee_comes_from_the_asset_the_account_chose(
    fees: FeeSchedule, asset: str, amount: str
) -> None:
    ledger = exchange(fees=fees)

    trade = order(ledger, "BUY", "MARKET", "1").trades[0]

    assert (trade.fee_asset, trade.fee) == (asset, D(amount))


def test_on_a_ladder_price_comes_before_time_and_orders_before_levels() -> None:
    ledger = exchange(accounts=4)
    ladder = LadderLiquidity(D(100), [(D(99), D(5))], [(D(101), D(5)), (D(102), D(5))])
    apply_tick(ledger, SYMBOL, ladder, now_ms=1)
    late = order(ledger, "SELL", "LIMIT", "1", price="101", who=2).order
    best = order(ledger, "SELL", "LIMIT", "1", price="100.5", who=3).order

    taken = order(ledger, "BUY", "MARKET", "4").trades

    assert [(t.price, t.amount) for t in taken] == [(D("100.5"), 1), (D(101), 1), (D(101), 2)]
    assert (best.status, late.status) == ("FILLED", "FILLED")
    assert ladder.asks == [(D(101), D(3)), (D(102), D(5))]


def test_a_moving_ladder_fills_the_best_resting_order_first_and_shares_its_levels() -> None:
    ledger = exchange(accounts=3)
    apply_tick(ledger, SYMBOL, LadderLiquidity(D(100), [(D(99), D(5))], [(D(101), D(5))]), now_ms=1)
    low = order(ledger, "BUY", "LIMIT", "4", price="97", who=1).order
    high = order(ledger, "BUY", "LIMIT", "4", price="98", who=2).order

    fallen = LadderLiquidity(D(96), [(D(95), D(5))], [(D("96.5"), D(6))])
    apply_tick(ledger, SYMBOL, fallen, now_ms=2)

    assert (high.filled, low.filled) == (4, 2)
    assert fallen.asks == []
