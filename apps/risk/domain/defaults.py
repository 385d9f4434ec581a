"""The limits that bind where nobody has set one.

- `price_collar`, `data_age`, `leverage` and `liquidation_share` always bind: their default stands in until the desk sets its own.
- The other names must be set by people. A *paper* bot without one gets the default of its
  account below; any other bot's entries are refused with `LIMIT_MISSING`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

ALWAYS: Final[dict[str, Decimal]] = {
    "price_collar": Decimal("0.03"),
    "data_age": Decimal(5),
    "leverage": Decimal(5),
    "liquidation_share": Decimal("0.8"),
}
PAPER: Final[dict[str, Decimal]] = {
    "order_cost": Decimal(10_000),
    "position_cost": Decimal(25_000),
    "gross_exposure": Decimal(250_000),
    "daily_loss": Decimal(5_000),
    "open_orders": Decimal(200),
}
# Names at whose absence an entry is refused, unless the bot is on paper.
REQUIRED: Final = tuple(PAPER)


def completed(
    *, by_scope: dict[str, dict[str, Decimal]], stage: str
) -> tuple[dict[str, dict[str, Decimal]], tuple[str, ...]]:
    """Return the limits with the defaults that bind at `stage`, and the names still missing."""
    bound = {name for limits in by_scope.values() for name in limits}
    filled = {scope: dict(limits) for scope, limits in by_scope.items()}
    desk = filled.setdefault("desk", {})
    for name, value in ALWAYS.items():
        desk.setdefault(name, value)
    missing = tuple(name for name in REQUIRED if name not in bound)
    if stage != "paper" or not missing:
        return filled, missing
    account = filled.setdefault("account", {})
    account.update({name: PAPER[name] for name in missing})
    return filled, ()
