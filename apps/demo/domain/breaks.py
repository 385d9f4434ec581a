"""Ways to break the demo's books on purpose, each by doing the real thing at the exchange we run."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import ceil_to, floor_to, plain

FAR: Final = Decimal("0.8")
SIZE: Final = Decimal(50)
MOVED: Final = Decimal(1000)


@dataclass(frozen=True, slots=True)
class Scene:
    """An instrument to do it on: its symbol, step and tick, the price now, its quote asset."""

    symbol: str
    step: Decimal
    tick: Decimal
    price: Decimal
    quote: str

    @property
    def amount(self) -> Decimal:
        """Worth about 50 quote units, to the step."""
        return ceil_to(SIZE / self.price, self.step)


@dataclass(frozen=True, slots=True)
class Break:
    """What is done, which case it opens, within how many seconds, how it ends; on which market."""

    does: str
    opens: str
    seconds: int
    ends: str
    market: str = "spot"


BREAKS: Final[dict[str, Break]] = {
    "foreign_order": Break(
        "somebody places a limit buy by hand, far below the market", "foreign_order", 10,
        "cancel it at the exchange, or Adopt… on the case (a second person approves)",
    ),
    "foreign_fill": Break(
        "somebody buys at market by hand", "foreign_fill", 10,
        "Adopt… or Write off… on the case; then let the account enter again",
    ),
    "foreign_cancel": Break(
        "somebody cancels one of our stops by hand", "foreign_cancel", 10,
        "the desk places the stop again; Resolve… the case, then let the account enter again",
    ),
    "deposit": Break(
        "1,000 quote units come in from outside", "balance", 60,
        "Write off… on the case (a second person approves), or `demo break withdrawal`",
    ),
    "withdrawal": Break(
        "1,000 quote units leave", "balance", 60,
        "Write off… on the case (a second person approves), or `demo break deposit`",
    ),
    "lost_fill": Break(
        "the next three order events of the private stream are lost", "missing_fill", 10,
        "nothing to do: it heals by itself; the case says so once a lost event was a fill",
    ),
    "lost_stop": Break(
        "the exchange ends one of our stops by itself", "unprotected", 25,
        "nothing to do: the desk places the stop again, usually before a case opens",
    ),
    "liquidation": Break(
        "the exchange liquidates the account's perpetual position", "liquidation", 10,
        "Resolve… the case with its cause", "linear",
    ),
}  # fmt: skip


def terms(*, kind: str, account: str, scene: Scene) -> dict[str, Any]:
    """Return what the exchange's fault knob of this break is armed with.

    `foreign_cancel` has none: it is a signed request of somebody who holds the key.
    """
    moved = {"kind": "transfer", "asset": scene.quote}
    found: dict[str, dict[str, Any]] = {
        "foreign_order": {
            "kind": "foreign_order", "symbol": scene.symbol, "side": "BUY",
            "amount": plain(scene.amount / FAR // scene.step * scene.step),
            "price": plain(floor_to(scene.price * FAR, scene.tick)),
        },
        "foreign_fill": {
            "kind": "foreign_fill", "symbol": scene.symbol, "side": "BUY",
            "amount": plain(scene.amount),
        },
        "deposit": moved | {"amount": plain(MOVED)},
        "withdrawal": moved | {"amount": plain(-MOVED)},
        "lost_fill": {"kind": "drop_event", "count": 3},
        "lost_stop": {"kind": "expire_stop"},
        "liquidation": {"kind": "liquidation"},
    }  # fmt: skip
    return found[kind] | {"account": account}
