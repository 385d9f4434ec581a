"""Words of Binance USDⓈ-M that its REST rows and its stream messages share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import exact
from apps.venues.domain.reports import VenueStatus

TYPES: Final = {
    "market": "MARKET",
    "limit": "LIMIT",
    "stop_market": "STOP_MARKET",
    "stop_limit": "STOP",
    "take_profit_market": "TAKE_PROFIT_MARKET",
    "take_profit_limit": "TAKE_PROFIT",
    "trailing_stop_market": "TRAILING_STOP_MARKET",
}
OUR_TYPES: Final = {theirs: ours for ours, theirs in TYPES.items()}
STATUSES: Final[dict[str, VenueStatus]] = {
    "NEW": "open",
    "PARTIALLY_FILLED": "open",
    "FILLED": "closed",
    "CANCELED": "canceled",
    "REJECTED": "rejected",
    "EXPIRED": "expired",
    "EXPIRED_IN_MATCH": "expired",
    # liquidation and auto-deleverage
    "NEW_INSURANCE": "open",
    "NEW_ADL": "open",
}
ALGO_STATUSES: Final[dict[str, VenueStatus]] = {
    "NEW": "open",
    "TRIGGERING": "open",
    "TRIGGERED": "open",
    "FINISHED": "closed",
    "CANCELED": "canceled",
    "REJECTED": "rejected",
    "EXPIRED": "expired",
}
# client ids of orders that the venue places itself: liquidation, deleverage, delisting
FORCED: Final = ("autoclose-", "adl_autoclose", "settlement_autoclose", "delivery_autoclose")


def is_forced(client_order_id: str) -> bool:
    """Return whether the venue placed the order itself."""
    return client_order_id.startswith(FORCED)


def position_side(text: Any) -> str:
    """Return `long` or `short` in hedge mode, empty in one-way mode."""
    return "" if text in {None, "", "BOTH"} else str(text).lower()


def rate_of(percent: Any) -> Decimal | None:
    """Return the fraction of a callback rate, which the venue gives in percent."""
    return exact(str(percent)) / 100 if percent not in {None, ""} and exact(str(percent)) else None
