"""Whether a recorded order may still be sent: checked anew, just before it is claimed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from apps.orders.domain.lifecycle import FINAL

Action = Literal["send", "wait", "cancel_first", "withdraw"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A `created` order and what speaks about it; amounts in base units, `send_by` market time.

    `held` is what the bot holds by its fills; `replaced_status` is empty when it replaces nothing.
    """

    purpose: str
    amount: Decimal
    send_by: datetime
    bot_state: str
    held: Decimal
    cancel_requested: bool = False
    replaced_status: str = ""


def screen(order: Waiting, *, market_now: datetime) -> tuple[Action, str]:
    """Return what to do with `order`, and the reason code when it is withdrawn.

    A reduction goes out while the bot is paused or stopped: only entries need it running.
    """
    reason = _reason_to_withdraw(order, market_now)
    if reason:
        return "withdraw", reason
    if not order.replaced_status or order.replaced_status in FINAL:
        return "send", ""
    return ("wait" if order.replaced_status == "pending_cancel" else "cancel_first"), ""


def _reason_to_withdraw(order: Waiting, market_now: datetime) -> str:
    ended = not order.replaced_status or order.replaced_status in FINAL
    too_large = order.purpose != "entry" and ended and order.amount > abs(order.held)
    reasons = (
        (order.cancel_requested, "CANCEL_REQUESTED"),
        (order.send_by < market_now, "LATE"),
        (
            order.purpose == "entry" and order.bot_state != "running",
            f"BOT_{order.bot_state.upper()}",
        ),
        (order.replaced_status == "filled", "REPLACED_ORDER_FILLED"),
        (too_large, "AMOUNT_ABOVE_POSITION"),
    )
    return next((code for applies, code in reasons if applies), "")
