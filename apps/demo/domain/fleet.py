"""The demo fleet: people, one paper account and bots that trade within a minute."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

ACCOUNT_SLUG: Final = "paper-binance"
BALANCES: Final = {"USDT": Decimal(100_000)}
PERPETUALS_SLUG: Final = "paper-perpetuals"
PERPETUALS_BALANCES: Final = {"USDT": Decimal(50_000)}
# Who signs in first; operator and auditor, so that all of the tour is open.
FIRST_PERSON: Final = "demo"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of the demo; signs in by one-time links only."""

    username: str
    display_name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoBot:
    """A paper bot on 1-minute candles; `cost` is one entry in quote units."""

    slug: str
    name: str
    strategy: str
    symbol: str
    cost: str
    stop_loss: str = "0.02"
    # empty: no target, the strategy alone says when to leave
    take_profit: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    timeframe: str = "1m"
    leverage: str = "1"
    sides: str = "long"

    @property
    def protection(self) -> dict[str, str]:
        """Return what leaves a position: the stop, and the target where there is one."""
        found = {"stop_loss": self.stop_loss, "take_profit": self.take_profit}
        return {name: rate for name, rate in found.items() if rate}

    @property
    def is_linear(self) -> bool:
        """Return whether it trades a perpetual; its cost is then the margin."""
        return ":" in self.symbol


PEOPLE: Final = (
    DemoPerson(FIRST_PERSON, "Dana Demo", ("operator", "auditor")),
    DemoPerson("sam", "Sam Strategist", ("strategist",)),
    DemoPerson("rita", "Rita Risk", ("risk_manager",)),
    DemoPerson("ravi", "Ravi Risk", ("risk_manager",)),
    DemoPerson("ada", "Ada Admin", ("administrator",)),
    DemoPerson("vic", "Vic Viewer", ("viewer",)),
)
FAST: Final = {"fast": 3, "slow": 8}
BOTS: Final = (
    DemoBot("btc-trend-01", "BTC trend", "sma_cross", "BTC/USDT", "2500", parameters=FAST),
    DemoBot("eth-trend-02", "ETH trend", "sma_cross", "ETH/USDT", "1500", parameters=FAST),
    DemoBot("sol-trend-03", "SOL trend", "sma_cross", "SOL/USDT", "920", parameters=FAST),
    DemoBot("xrp-revert-04", "XRP reversion", "mean_reversion", "XRP/USDT", "800", parameters={"period": 10, "width": 1.0, "rsi_period": 5}),
    DemoBot("ada-revert-05", "ADA reversion", "mean_reversion", "ADA/USDT", "800", parameters={"period": 10, "width": 1.0, "rsi_period": 5}),
    DemoBot("doge-break-06", "DOGE breakout", "breakout", "DOGE/USDT", "600", parameters={"entry_period": 6, "exit_period": 4}),
    DemoBot("avax-break-07", "AVAX breakout", "breakout", "AVAX/USDT", "600", parameters={"entry_period": 6, "exit_period": 4}),
    DemoBot("link-trend-08", "LINK trend", "sma_cross", "LINK/USDT", "700", parameters={"fast": 5, "slow": 15}),
    DemoBot("dot-weekly-09", "DOT with the week", "ema_trend", "DOT/USDT", "700"),
    DemoBot("ltc-trend-10", "LTC trend", "sma_cross", "LTC/USDT", "700", parameters=FAST),
    DemoBot("btc-swing-11", "BTC long and short", "sma_swing", "BTC/USDT:USDT", "500", parameters=FAST, leverage="3", sides="both", take_profit="0.04"),
    DemoBot("eth-perp-12", "ETH perpetual", "sma_cross", "ETH/USDT:USDT", "400", parameters={"fast": 5, "slow": 15}, leverage="2", take_profit="0.04"),
)  # fmt: skip
# Shown as failed, so that a newcomer finds one; its reason says what happened and what to do.
FAILED_BOT: Final = "ltc-trend-10"
FAILED_REASON: Final = (
    "Stopped on purpose by the demo: open Decisions, read why, then start it again."
)
# Its entry of 920 uses 92 % of this.
TIGHT_BOT: Final = "sol-trend-03"
TIGHT_LIMIT: Final = Decimal(1000)
DESK_LIMITS: Final = {
    "order_cost": Decimal(5_000),
    "position_cost": Decimal(10_000),
    "gross_exposure": Decimal(25_000),
    "daily_loss": Decimal(1_000),
    "open_orders": Decimal(200),
}
RAISED_LIMIT: Final = Decimal(1_500)
