"""A ledger with one perpetual at 100, and short words for what tests do with it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D  # noqa: N817 - read like a number

import pytest

from apps.simulator.domain.accounts import Account
from apps.simulator.domain.instruments import Instrument, listed
from apps.simulator.domain.ledger import Ledger, Placed
from apps.simulator.domain.liquidity import Candle
from apps.simulator.domain.orders import Effects, OrderRequest
from apps.simulator.domain.perpetual.algos import place_algo
from apps.simulator.domain.perpetual.books import AlgoOrder, Mode, Position, Wallet
from apps.simulator.domain.perpetual.engine import place, transfer
from apps.simulator.domain.perpetual.marks import FundingTable, MarkSource
from apps.simulator.domain.perpetual.sweep import Step, apply_contract_candle
from apps.simulator.domain.perpetual.terms import set_leverage, set_margin_type
from apps.simulator.domain.refusals import Refusal

HOUR = 3_600_000
SYMBOL = "SOLUSDT_PERP"
FEES = Mode(maker=D("0.0002"), taker=D("0.0005"))


class Flat(MarkSource):
    """Marks that equal the last price."""

    def basis(self, at_ms: int) -> D:
        return D(0)


def contract() -> Instrument:
    """A perpetual without spread and impact, so that market orders fill at the close."""
    return replace(listed("SOL/USDT:USDT"), half_spread=D(0), impact=D(0))


class Desk:
    """One exchange with accounts of 1,000 USDT in their futures wallets."""

    def __init__(self, *, accounts: int = 1, hedged: bool = False, rate: str = "0.001") -> None:
        self.ledger = Ledger()
        self.ledger.instruments[SYMBOL] = contract()
        stamps = [n * 8 * HOUR for n in range(1, 100)]
        self.source = Flat(SYMBOL, funding=FundingTable(stamps, [D(rate)] * len(stamps)))
        self.clock = 0
        self.told = Effects()
        for number in range(1, accounts + 1):
            account = Account(number, f"a{number}", f"k{number}", "s")
            self.ledger.accounts[number] = account
            self.ledger.contracts.modes[number] = replace(FEES, is_hedged=hedged)
            transfer(self.ledger, account, asset="USDT", amount=D(1000), now_ms=0)
        self.candle(100, 100)

    def candle(
        self, low: int, high: int, *, opened: int = 0, close: int = 0, hours: int = 1
    ) -> Effects:
        """Play one candle of `hours`; it opens and closes at `low` unless told."""
        first = self.ledger.contracts.marks.get(SYMBOL)
        start = D(opened or (first.price if first else low))
        step = Step(self.clock, self.clock + hours * HOUR)
        bar = Candle(self.clock, start, D(high), D(low), D(close or low), D(1_000_000))
        effects = apply_contract_candle(self.ledger, SYMBOL, bar, source=self.source, step=step)
        self.clock = step.closed_ms
        self.told.merge(effects)
        return effects

    def order(self, side: str, amount: str, *, who: int = 1, **terms: object) -> Placed:
        """Place an order: a limit one with `price`, else a market one."""
        request = OrderRequest(
            symbol=SYMBOL,
            side=side,
            type="LIMIT" if "price" in terms else "MARKET",
            client_order_id=f"c{self.ledger.last_order_id}",
            amount=D(amount),
            price=D(str(terms.get("price", 0))),
            time_in_force=str(terms.get("tif", "GTC")),
            reduce_only=bool(terms.get("reduce_only")),
            position_side=str(terms.get("position_side", "BOTH")),
            good_till_ms=int(str(terms.get("good_till", 0))),
        )
        placed = place(self.ledger, self.ledger.accounts[who], request, now_ms=self.clock)
        self.told.merge(placed.effects)
        return placed

    def algo(self, side: str, kind: str, **terms: object) -> AlgoOrder:
        """Place a conditional order that reduces 1 unless told."""
        algo = AlgoOrder(
            algo_id=0,
            account_id=1,
            symbol=SYMBOL,
            client_algo_id=f"a{self.ledger.last_order_id}",
            side=side,
            position_side=str(terms.get("position_side", "BOTH")),
            type=kind,
            time_in_force="GTC",
            amount=D(str(terms.get("amount", 1))),
            price=D(str(terms.get("price", 0))),
            trigger_price=D(str(terms.get("trigger", 0))),
            working_type=str(terms.get("working", "CONTRACT_PRICE")),
            reduce_only=bool(terms.get("reduce_only", True)),
            close_position=bool(terms.get("closes")),
            activation_price=D(str(terms.get("activation", 0))),
            callback=D(str(terms.get("callback", 0))),
            good_till_ms=0,
            created_ms=self.clock,
            updated_ms=self.clock,
        )
        return place_algo(self.ledger, algo, now_ms=self.clock).algo

    def position(self, side: str = "BOTH", *, who: int = 1) -> Position:
        """Return a position."""
        return self.ledger.contracts.position(who, SYMBOL, side)

    def wallet(self, who: int = 1) -> Wallet:
        """Return the USDT wallet."""
        return self.ledger.contracts.wallet(who, "USDT")


def leverage(desk: Desk, value: int, *, isolated: bool = False) -> None:
    set_leverage(desk.ledger, 1, SYMBOL, leverage=value, now_ms=0)
    if isolated:
        set_margin_type(desk.ledger, 1, SYMBOL, is_isolated=True)


def refused(code: int, act: object) -> None:
    with pytest.raises(Refusal) as error:
        act()  # type: ignore[operator]
    assert error.value.venue_code == code
