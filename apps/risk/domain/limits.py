"""Names and units of limits; which direction tightens."""

from __future__ import annotations

from typing import Final

# name -> (unit, words). Every limit is a maximum: a smaller value is tighter.
LIMITS: Final[dict[str, tuple[str, str]]] = {
    "order_cost": ("quote", "Cost of one order"),
    "position_cost": ("quote", "Value of one position"),
    "gross_exposure": ("quote", "Value of all positions and open entries"),
    "daily_loss": ("quote", "Loss since midnight UTC"),
    "open_orders": ("count", "Orders open at once"),
    "price_collar": ("fraction", "Distance of a price from its reference"),
    "leverage": ("times", "Leverage of a perpetual"),
    "liquidation_share": ("fraction", "Stop distance as a share of the way to liquidation"),
    "data_age": ("seconds", "Age of the price an entry relies on"),
}
LIMIT_NAMES: Final = tuple(LIMITS)
