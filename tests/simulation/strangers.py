"""What happens at the venue past the desk: by somebody's hand, or by the exchange itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from apps.simulator.domain.refusals import Refusal
from tests.simulation.contracts import ContractExchange
from tests.simulation.spot import FEE_ASSET, SpotExchange
from tests.simulation.venue import BY_HAND
from tests.simulation.world import World

OUTAGE_MS = 45_000
# what each leaves open in the books; the rest heals by itself
FOREIGN = frozenset({"foreign_fill", "foreign_order", "foreign_cancel", "balance", "position",
                     "foreign_position"})  # fmt: skip
LEAVES: dict[str, frozenset[str]] = {
    "foreign_fill": FOREIGN,
    "foreign_order": FOREIGN,
    "foreign_cancel": frozenset({"foreign_cancel"}),
    "transfer": frozenset({"balance"}),
    # which ends the contract's orders, too
    "liquidation": frozenset({"liquidation", "foreign_cancel"}),
    "auto_deleverage": frozenset({"liquidation", "foreign_cancel"}),
}


@dataclass
class Strangers:
    """Lets things happen by chance. `entry_sides` = the side on which bots enter each symbol."""

    world: World
    random: random.Random
    entry_sides: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        either: dict[str, Callable[[], bool]] = {
            "foreign_fill": self._trade, "foreign_order": self._rest,
            "foreign_cancel": self._cancel, "transfer": self._transfer,
            "expired_stop": self.world.exchange.expire_stop, "rule_change": self._change_rules,
        }  # fmt: skip
        spot: dict[str, Callable[[], bool]] = {
            "delisting": self._delist, "third_fee_asset": self._other_fee,
        }  # fmt: skip
        linear: dict[str, Callable[[], bool]] = {
            "liquidation": lambda: self._force(deleverages=False),
            "auto_deleverage": lambda: self._force(deleverages=True),
        }  # fmt: skip
        self.acts = either | (linear if self.world.rows.market.is_linear else spot)

    def act(self, *, late: bool) -> None:
        """Let one thing happen; what stops the account's entries for good only late in a story."""
        kind = self.random.choice(sorted(self.acts))
        if kind in LEAVES and not late:
            return
        if self.acts[kind]():
            self.world.faults.happen(kind)
            self.world.trace(f"venue {kind}")
            self.world.expected_cases |= LEAVES.get(kind, frozenset())

    def _symbol(self) -> str:
        return self.random.choice(sorted(self.world.rows.market.prices))

    def _is_known(self, *kinds: str) -> bool:
        return any(self.world.faults.struck[kind] for kind in kinds)

    def _by_hand(self, price: Decimal = Decimal(0)) -> bool:
        """Trade as the bots do: on a perpetual nobody takes away what their exits would reduce."""
        symbol = self._symbol()
        # what is closed by force could not be told apart
        if self._is_known("liquidation", "auto_deleverage"):
            return False
        linear = self.world.rows.market.is_linear
        side = self.entry_sides[symbol] if linear else "buy"
        hedged = self.world.rows.market.position_mode == "hedge"
        position_side = {"buy": "LONG", "sell": "SHORT"}[side] if hedged else ""
        amount = Decimal("0.02") if symbol.startswith("BTC") else Decimal("0.5")
        last = self.world.exchange.ledger.liquidity[self.world.exchange.inner(symbol)].last
        if price:
            tick = self.world.exchange.instrument(symbol).tick
            price = (last * (1 - price if side == "buy" else 1 + price) / tick).to_integral() * tick
        try:
            self.world.exchange.trade_by_hand(symbol, side, amount, price, position_side)
        except Refusal:
            return False
        return True

    def _trade(self) -> bool:
        return self._by_hand()

    def _rest(self) -> bool:
        return self._by_hand(Decimal("0.1"))

    def _cancel(self) -> bool:
        """Cancel an order of ours that rests."""
        ours = [
            o
            for o in self.world.exchange.orders()
            if o.status == "open" and not o.client_order_id.startswith(BY_HAND)
        ]
        if not ours:
            return False
        chosen = self.random.choice(ours)
        return self.world.exchange.cancel(chosen.symbol, chosen.client_order_id) is not None

    def _transfer(self) -> bool:
        self.world.exchange.transfer("USDT", Decimal(self.random.choice((-500, 250, 1000))))
        return True

    def _other_fee(self) -> bool:
        if self._is_known("third_fee_asset"):
            return False
        assert isinstance(self.world.exchange, SpotExchange)
        self.world.exchange.take_fees_in(FEE_ASSET)
        return True

    def _force(self, *, deleverages: bool) -> bool:
        if self._is_known("foreign_fill", "foreign_order"):
            return False
        assert isinstance(self.world.exchange, ContractExchange)
        return self.world.exchange.force(deleverages=deleverages)

    def _delist(self) -> bool:
        exchange = self.world.exchange
        assert isinstance(exchange, SpotExchange)
        exchange.close_market(self._symbol())
        self.world.clock.at(self.world.clock.ms + OUTAGE_MS, exchange.open_markets)
        return True

    def _change_rules(self) -> bool:
        rules, name = self.world.exchange.ledger.instruments, self._symbol()
        before = self.world.exchange.instrument(name)
        if before.tick != self.world.rows.instruments[name].price_tick:
            return False
        rules[before.symbol] = replace(before, tick=before.tick * 10)
        self.world.clock.at(
            self.world.clock.ms + OUTAGE_MS, lambda: rules.update({before.symbol: before})
        )
        return True
