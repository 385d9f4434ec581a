"""Whatever traders of perpetuals do: money comes from somewhere, and nobody owes the exchange."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal as D  # noqa: N817 - read like a number

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from apps.simulator.domain.perpetual.terms import set_leverage, set_margin_type
from apps.simulator.domain.refusals import Refusal
from tests.simulator.perpetual.books import SYMBOL, Desk

WHO = st.integers(1, 2)
SIDES = st.sampled_from(["BUY", "SELL"])
AMOUNTS = st.decimals("0.06", "400", places=2)
MOVES = st.decimals("-0.4", "0.4", places=3)


class Perpetuals(RuleBasedStateMachine):
    """Two accounts, one contract, any order of orders, candles and settings."""

    @initialize(hedged=st.booleans())
    def open(self, hedged: bool) -> None:
        self.hedged = hedged
        self.desk = Desk(accounts=2, hedged=hedged)

    @rule(who=WHO, side=SIDES, amount=AMOUNTS, at=MOVES, market=st.booleans(), long=st.booleans())
    def order(self, who: int, side: str, amount: D, at: D, market: bool, long: bool) -> None:
        terms: dict[str, object] = {} if market else {"price": self._near(at / 10)}
        if self.hedged:
            terms["position_side"] = "LONG" if long else "SHORT"
        with suppress(Refusal):
            self.desk.order(side, str(amount), who=who, **terms)

    @rule(who=WHO, amount=AMOUNTS, side=SIDES)
    def reduce(self, who: int, amount: D, side: str) -> None:
        with suppress(Refusal):
            self.desk.order(side, str(amount), who=who, reduce_only=True)

    @rule(side=SIDES, at=MOVES, amount=AMOUNTS, reduces=st.booleans())
    def stop(self, side: str, at: D, amount: D, reduces: bool) -> None:
        with suppress(Refusal):
            self.desk.algo(
                side, "STOP_MARKET", amount=amount, trigger=self._near(at), reduce_only=reduces
            )

    @rule(who=WHO, value=st.sampled_from([1, 5, 20, 50, 75]), isolated=st.booleans())
    def terms(self, who: int, value: int, isolated: bool) -> None:
        with suppress(Refusal):
            set_leverage(self.desk.ledger, who, SYMBOL, leverage=value, now_ms=0)
        with suppress(Refusal):
            set_margin_type(self.desk.ledger, who, SYMBOL, is_isolated=isolated)

    @rule(down=st.integers(0, 40), up=st.integers(0, 40), end=st.integers(0, 100), gap=MOVES)
    def candle(self, down: int, up: int, end: int, gap: D) -> None:
        opened = int(self._near(gap))
        low, high = max(opened - down, 5), opened + up
        close = low + (high - low) * end // 100
        self.desk.candle(low, high, opened=opened, close=close, hours=4)

    def _near(self, part: D) -> D:
        last = self.desk.ledger.market(SYMBOL).last
        return max((last * (1 + part)).quantize(D("0.01")), D(5))

    @invariant()
    def wallet_is_the_sum_of_its_flows(self) -> None:
        if not hasattr(self, "desk"):
            return
        flows = self.desk.told.contracts.incomes
        for who in (1, 2):
            wallet = self.desk.wallet(who)
            sums = {
                kind: sum((i.amount for i in flows if (i.account_id, i.kind) == (who, kind)), D(0))
                for kind in ("REALIZED_PNL", "COMMISSION", "FUNDING_FEE")
            }
            assert wallet.realised == sums["REALIZED_PNL"]
            assert wallet.fees == -sums["COMMISSION"]
            assert wallet.funding == sums["FUNDING_FEE"]
            assert wallet.balance == 1000 + sum(sums.values())

    @invariant()
    def positions_are_what_trades_left(self) -> None:
        if not hasattr(self, "desk"):
            return
        for position in self.desk.ledger.contracts.positions.values():
            mine = [
                t for t in self.desk.told.trades
                if (t.account_id, t.position_side) == (position.account_id, position.side)
            ]  # fmt: skip
            sign = {"BUY": 1, "SELL": -1}
            assert position.amount == sum((sign[t.side] * t.amount for t in mine), D(0))
            paid = sum((sign[t.side] * t.cost for t in mine), D(0))
            assert position.cost == paid + sum((t.realised for t in mine), D(0))
            assert (position.amount == 0) <= (position.isolated == 0)

    @invariant()
    def nobody_owes_the_exchange(self) -> None:
        if hasattr(self, "desk"):
            assert min(self.desk.wallet(who).balance for who in (1, 2)) >= 0


TestPerpetuals = Perpetuals.TestCase
TestPerpetuals.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
