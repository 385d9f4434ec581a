"""What /fapi answers when it says no: Binance USDⓈ-M's own codes and words."""

from __future__ import annotations

from typing import Final

from apps.core.domain.money import plain
from apps.simulator.domain.instruments import Instrument
from apps.simulator.domain.refusals import Refusal

_WORDS: Final[dict[int, str]] = {
    -1111: "Precision is over the maximum defined for this asset.",
    -2011: "Unknown order sent.",
    -2013: "Order does not exist.",
    -2019: "Margin is insufficient.",
    -2021: "Order would immediately trigger.",
    -2022: "ReduceOnly Order is rejected.",
    -2027: "Exceeded the maximum allowable position at current leverage.",
    -2028: "Leverage is smaller than permitted: insufficient margin balance.",
    -4003: "Quantity less than or equal to zero.",
    -4005: "Quantity greater than max quantity.",
    -4014: "Price not increased by tick size.",
    -4046: "No need to change margin type.",
    -4047: "Margin type cannot be changed if there exists open orders.",
    -4048: "Margin type cannot be changed if there exists position.",
    -4050: "Cross balance insufficient.",
    -4051: "Isolated balance insufficient.",
    -4053: "Only support for isolated position.",
    -4059: "No need to change position side.",
    -4061: "Order's position side does not match user's setting.",
    -4067: "Position side cannot be changed if there exists open orders.",
    -4068: "Position side cannot be changed if there exists position.",
    -4045: "Reach max stop order limit.",
    -4116: "ClientOrderId is duplicated.",
    -4118: "ReduceOnly Order Failed. Please check your existing position and open orders.",
    -4120: "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    -4136: "Target strategy invalid for orderType MARKET, closePosition true.",
    -4161: "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
    -4171: "No need to change multi-assets mode.",
    -5021: "Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be recorded in the order history.",
    -5022: "Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history.",
    -5025: "Only limit order is supported.",
    -5027: "No need to modify the order.",
    -5040: "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than 253402300799000.",
}  # fmt: skip


def refusal(code: int) -> Refusal:
    """Return the refusal with this code in Binance's words."""
    return Refusal(code, _WORDS[code])


def too_small(instrument: Instrument) -> Refusal:
    """Return the refusal of an order below the least notional."""
    least = plain(instrument.cost_min)
    return Refusal(
        -4164, f"Order's notional must be no smaller than {least} (unless you choose reduce only)."
    )
