"""How the exits of a position are held: by the venue, or by the desk where that is safe.

`native`: stop and target are one list of the venue (OCO). `separate`: both rest on their own,
since neither locks a balance. `watched`: only the stop rests, and the desk sells when the target
is touched.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from apps.venues.domain.capabilities import CAPABILITIES, Capability, How

Pairing = Literal["none", "native", "separate", "watched"]
STOP_TYPES: Final = ("stop_market", "stop_limit", "trailing_stop_market")


def pairing(*, row: Capability, has_target: bool, is_trailing: bool) -> Pairing:
    """Return how a stop and a target stand at a venue.

    A trailing leg is no part of a list; beside a locking stop its target is watched.
    """
    if not has_target:
        return "none"
    if row.how("oco") is How.NATIVE and not is_trailing:
        return "native"
    return "watched" if row.stop_locks_balance else "separate"


def resting_kinds() -> dict[bool, list[tuple[str, str]]]:
    """Return the (venue, kind) pairs where a target rests, by whether the stop trails."""
    return {
        is_trailing: [
            key
            for key, row in sorted(CAPABILITIES.items())
            if pairing(row=row, has_target=True, is_trailing=is_trailing) != "watched"
        ]
        for is_trailing in (False, True)
    }


def exit_flags(*, kind: str, position_mode: str, side: str) -> tuple[bool, str]:
    """Return `reduce_only` and `position_side` of an order that closes with `side`.

    Spot has neither. In hedge mode the side says it all and the venue refuses `reduce_only`.
    """
    if kind != "linear":
        return False, ""
    if position_mode == "hedge":
        return False, "long" if side == "sell" else "short"
    return True, ""


def entry_position_side(*, kind: str, position_mode: str, side: str) -> str:
    """Return `position_side` of an order that opens with `side`."""
    if kind != "linear" or position_mode != "hedge":
        return ""
    return "long" if side == "buy" else "short"


def is_touched(*, side: str, target: Decimal, last: Decimal | None) -> bool:
    """Return whether the market has reached a target that `side` would take."""
    if last is None:
        return False
    return last >= target if side == "sell" else last <= target
