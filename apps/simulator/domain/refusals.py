"""What the exchange answers when it says no: Binance's own codes and words."""

from __future__ import annotations

from apps.core.errors import DeskError


class Refusal(DeskError):
    """A request the exchange refuses; `venue_code` and `text` are what the client receives."""

    default_code = "VENUE_REFUSAL"

    def __init__(self, venue_code: int, text: str, *, status: int = 400) -> None:
        self.venue_code = venue_code
        self.text = text
        super().__init__(venue_code=venue_code, message=text)
        self.status = status


def filter_failure(name: str) -> Refusal:
    """Return the refusal of an order that breaks the named symbol filter."""
    return Refusal(-1013, f"Filter failure: {name}")


def rejected(text: str) -> Refusal:
    """Return the refusal of an order by the matching engine."""
    return Refusal(-2010, text)


def amend_rejected(text: str) -> Refusal:
    """Return the refusal of an amendment."""
    return Refusal(-2038, text)


BAD_PRICES = "The relationship of the prices for the orders is not correct."
NO_CHANGE = "The requested action would change no state; rejecting"
NO_INCREASE = "Order amend (quantity increase) is not supported."
ACTION_DISABLED = "This action is disabled on this account."
INSUFFICIENT_BALANCE = "Account has insufficient balance for requested action."
DUPLICATE_ORDER = "Duplicate order sent."
WOULD_TAKE = "Order would immediately match and take."
WOULD_TRIGGER = "Order would trigger immediately."
MARKET_CLOSED = "Market is closed."


def unknown_order() -> Refusal:
    """Return the refusal of a cancel that names no open order."""
    return Refusal(-2011, "Unknown order sent.")


def no_such_order() -> Refusal:
    """Return the refusal of a query that names no order at all."""
    return Refusal(-2013, "Order does not exist.")


def invalid_symbol() -> Refusal:
    """Return the refusal of a symbol the exchange does not list."""
    return Refusal(-1121, "Invalid symbol.")
