"""Whatever is ordered and however prices move: nothing is created, lost, or owed."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal as D  # noqa: N817 - read like a number

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from apps.core.domain.money import ZERO, floor_to
from apps.simulator.domain.accounts import FEE_MODES, Account, FeeSchedule
from apps.simulator.domain.engine import cancel, deposit, place
from apps.simulator.domain.instruments import listed
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.liquidity import Candle, LadderLiquidity
from apps.simulator.domain.orders import ORDER_TYPES, Effects, Order, OrderRequest, Trade
from apps.simulator.domain.pairs import PairRequest, amend, place_pair
from apps.simulator.domain.refusals import Refusal
from apps.simulator.domain.sweep import apply_candle, apply_tick

SYMBOL = "BTCUSDT"
START = {"USDT": D(5_000), "BTC": D(20)}
prices = st.integers(8_000, 12_000).map(lambda ticks: D(ticks) / 100)
amounts = st.integers(1, 6_000_000).map(lambda steps: D(steps) / 100_000)


class Exchange(RuleBasedStateMachine):
    """Three accounts with different fee modes trade against candles and ladders."""

    @initialize()
    def open(self) -> None:
        self.ledger = Ledger()
        self.ledger.instruments[SYMBOL] = listed("BTC/USDT")
        for number, mode in enumerate(FEE_MODES, start=1):
            fees = FeeSchedule(mode=mode, asset="USDT" if mode == "asset" else "")
            account = Account(number, mode, mode, "s", fees)
            self.ledger.accounts[number] = account
            for asset, amount in START.items():
                deposit(account, asset=asset, amount=amount)
        self.trades: list[Trade] = []
        self.orders: dict[int, Order] = {}
        self.now = 0
        self.candle(D(100), D(100), D(100), D(100), D(1000))

    def note(self, effects: Effects) -> None:
        self.trades += effects.trades
        self.orders |= effects.orders

    @rule(
        who=st.integers(1, 3), side=st.sampled_from(["BUY", "SELL"]), kind=st.sampled_from(ORDER_TYPES),
        amount=amounts, price=prices, stop=prices, tif=st.sampled_from(["GTC", "IOC", "FOK"]),
    )  # fmt: skip
    def order(self, who: int, side: str, kind: str, amount: D, price: D, stop: D, tif: str) -> None:
        name = f"c{self.now}"
        request = OrderRequest(
            SYMBOL, side, kind, name, amount, ZERO,
            price if "LIMIT" in kind else ZERO, stop if kind.startswith(("STOP", "TAKE")) else ZERO,
            tif if kind == "LIMIT" else "GTC",
        )  # fmt: skip
        before = {
            n: {a: (b.free, b.locked) for a, b in acc.balances.items()}
            for n, acc in self.ledger.accounts.items()
        }
        self.now += 1
        try:
            self.note(
                place(self.ledger, self.ledger.accounts[who], request, now_ms=self.now).effects
            )
        except Refusal:
            after = {
                n: {a: (b.free, b.locked) for a, b in acc.balances.items()}
                for n, acc in self.ledger.accounts.items()
            }
            assert after == before

    @rule(
        who=st.integers(1, 3), side=st.sampled_from(["BUY", "SELL"]), amount=amounts, near=prices, far=prices,
        trail=st.sampled_from([0, 50, 300]),
    )  # fmt: skip
    def pair(self, who: int, side: str, amount: D, near: D, far: D, trail: int) -> None:
        """An OCO whose stop may trail."""
        self.now += 1
        low, high = sorted([near, far])
        limit, stop = (high, low) if side == "SELL" else (low, high)
        legs = [
            OrderRequest(SYMBOL, side, "LIMIT_MAKER", f"t{self.now}", amount, ZERO, limit),
            OrderRequest(
                SYMBOL,
                side,
                "STOP_LOSS",
                f"s{self.now}",
                amount,
                ZERO,
                ZERO,
                stop,
                trailing_delta=trail,
            ),
        ]
        above, below = legs if side == "SELL" else reversed(legs)
        request = PairRequest(f"l{self.now}", above, below)
        with suppress(Refusal):
            account = self.ledger.accounts[who]
            self.note(place_pair(self.ledger, account, request, now_ms=self.now)[2])

    @rule(index=st.integers(0, 50), share=st.integers(1, 9))
    def reduce(self, index: int, share: int) -> None:
        held = list(self.ledger.book(SYMBOL).values())
        if held:
            order = held[index % len(held)]
            amount = floor_to(order.amount * share / 10, D("0.00001"))
            with suppress(Refusal):
                self.note(
                    amend(
                        self.ledger, order, amount=amount, client_id=f"m{self.now}", now_ms=self.now
                    )
                )

    @rule(index=st.integers(0, 50))
    def withdraw_order(self, index: int) -> None:
        held = list(self.ledger.book(SYMBOL).values())
        if held:
            order = held[index % len(held)]
            account = self.ledger.accounts[order.account_id]
            self.note(cancel(self.ledger, account, order, cancel_id="x", now_ms=self.now))

    @rule(a=prices, b=prices, c=prices, d=prices, volume=st.integers(0, 500).map(D))
    def candle(self, a: D, b: D, c: D, d: D, volume: D) -> None:
        bar = Candle(self.now, a, max(a, b, c, d), min(a, b, c, d), b, volume)
        self.now += 1
        self.note(apply_candle(self.ledger, SYMBOL, bar, now_ms=self.now))

    @rule(last=prices, size=st.integers(1, 300).map(lambda n: D(n) / 10))
    def tick(self, last: D, size: D) -> None:
        gaps = [D(number) / 20 for number in range(1, 5)]
        ladder = LadderLiquidity(
            last, [(last - g, size) for g in gaps], [(last + g, size) for g in gaps]
        )
        self.now += 1
        self.note(apply_tick(self.ledger, SYMBOL, ladder, now_ms=self.now))

    @invariant()
    def nobody_owes(self) -> None:
        for account in self.ledger.accounts.values():
            for balance in account.balances.values():
                assert balance.free >= 0
                assert balance.locked >= 0

    @invariant()
    def balances_are_the_sum_of_trades(self) -> None:
        for number, account in self.ledger.accounts.items():
            due = dict(START)
            for trade in self.trades:
                if trade.account_id == number:
                    sign = 1 if trade.side == "BUY" else -1
                    due["BTC"] += sign * trade.amount
                    due["USDT"] -= sign * trade.cost
                    due[trade.fee_asset] -= trade.fee
            assert {a: b.total for a, b in account.balances.items()} == due

    @invariant()
    def locks_are_those_of_open_orders(self) -> None:
        for number, account in self.ledger.accounts.items():
            mine = self.ledger.orders_of(number)
            for asset, side in (("BTC", "SELL"), ("USDT", "BUY")):
                held = sum((order.locked for order in mine if order.side == side), ZERO)
                assert account.balance(asset).locked == held

    @invariant()
    def of_a_pair_one_leg_at_most_ever_fills_and_lists_end_with_their_legs(self) -> None:
        legs: dict[int, list[Order]] = {}
        for order in self.orders.values():
            if order.order_list_id >= 0:
                legs.setdefault(order.order_list_id, []).append(order)
        for number, pair in legs.items():
            assert sum(order.filled > 0 for order in pair) <= 1
            assert (number in self.ledger.lists) == any(order.is_open for order in pair)

    @invariant()
    def fills_stay_within_their_orders(self) -> None:
        filled: dict[int, D] = {}
        for trade in self.trades:
            filled[trade.order_id] = filled.get(trade.order_id, ZERO) + trade.amount
        for order in self.orders.values():
            assert filled.get(order.order_id, ZERO) == order.filled <= order.amount
            assert (order.status == "FILLED") == (order.filled == order.amount)
            assert order.is_open == (order.order_id in self.ledger.book(SYMBOL))
            assert order.is_open or order.locked == 0


Exchange.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestExchange = Exchange.TestCase
