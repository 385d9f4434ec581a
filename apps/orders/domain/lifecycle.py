"""The order lifecycle as one table."""

from __future__ import annotations

from typing import Final

from apps.core.errors import Conflict

PURPOSES: Final = ("entry", "reduce", "protect", "flatten")
TYPES: Final = (
    "market", "limit", "stop_market", "stop_limit", "take_profit_market", "take_profit_limit",
    "trailing_stop_market",
)  # fmt: skip
# Types that wait for a trigger price; a trailing stop may also start at once.
TRIGGERED: Final = frozenset(TYPES) - {"market", "limit"}
PRICED: Final = frozenset({"limit", "stop_limit", "take_profit_limit"})
TIMES_IN_FORCE: Final = ("GTC", "IOC", "FOK", "GTD")
POSITION_SIDES: Final = ("", "long", "short")
ORIGINS: Final = ("cycle", "protect", "manual", "timeout", "halt", "venue")
GROUP_KINDS: Final = ("oco", "bracket")
GROUP_STEPS: Final[dict[str, frozenset[str]]] = {
    "open": frozenset({"done", "canceled"}),
    "done": frozenset(),
    "canceled": frozenset(),
}
STEPS: Final[dict[str, frozenset[str]]] = {
    "created": frozenset({"submitted", "withdrawn"}),
    # withdrawn: claimed but provably never sent; filled, canceled, expired: the answer says it all
    "submitted": frozenset(
        {
            "open",
            "partially_filled",
            "filled",
            "canceled",
            "expired",
            "rejected",
            "unknown",
            "withdrawn",
        }
    ),
    "unknown": frozenset(
        {"open", "partially_filled", "filled", "canceled", "expired", "rejected", "withdrawn"}
    ),
    "open": frozenset(
        {"partially_filled", "filled", "canceled", "expired", "pending_cancel", "rejected"}
    ),
    "partially_filled": frozenset({"filled", "canceled", "expired", "pending_cancel"}),
    # a refused cancel leaves the order open; a fill can overtake a cancel
    "pending_cancel": frozenset({"open", "partially_filled", "filled", "canceled", "expired"}),
    # the venue's facts win: a fill may be seen after the end
    "canceled": frozenset({"filled"}),
    "expired": frozenset({"filled"}),
    "filled": frozenset(),
    "rejected": frozenset(),
    "withdrawn": frozenset(),
}
STATUSES: Final = tuple(STEPS)
# Statuses in which the order may have or get an effect at the venue.
LIVE: Final = frozenset({"submitted", "unknown", "open", "partially_filled", "pending_cancel"})
UNFINISHED: Final = LIVE | {"created"}
FINAL: Final = frozenset(STATUSES) - UNFINISHED
# Reason of a cancel that the desk asks for at the end of a GTD order: it ends as `expired`.
TIME_OVER: Final = "TIME_OVER"


class IllegalOrderStep(Conflict):
    """The order lifecycle has no such step."""

    default_code = "ORDER_ILLEGAL_STEP"


def check_step(*, before: str, after: str) -> None:
    """Allow a step of the table.

    :raises IllegalOrderStep: otherwise.
    """
    if after not in STEPS[before]:
        raise IllegalOrderStep(status=before, wanted=after)
