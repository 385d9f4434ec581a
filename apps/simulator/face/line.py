"""The way of user events to their owner: lost, late, doubled or out of order when a knob says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from apps.simulator.face.faults import Faults
from apps.simulator.face.render import Json

ORDER_EVENTS: Final = frozenset({"executionReport", "ORDER_TRADE_UPDATE"})


@dataclass(eq=False, slots=True)
class Turn:
    """An event that is sent now, or `seconds` later."""

    event: Json
    seconds: float = 0.0


class Line:
    """Decides when each user event is sent. An event that is held back waits for the next one.

    It waits no longer than its `seconds`: then its owner's hub calls `release`.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._held: dict[str, Turn] = {}

    def turns(self, account: str, event: Json) -> list[Turn]:
        """Return what is sent because `event` happened, in this order."""
        turn = Turn(event)
        if event.get("e") in ORDER_EVENTS:
            if self._faults.strike_stream("drop_event", account):
                return []
            late = self._faults.strike_stream("late_stream", account)
            turn.seconds = late.ms / 1000 if late else 0.0
            held = self._held.pop(account, None)
            if held is not None:
                return [turn, Turn(held.event)]
            swapped = self._faults.strike_stream("reorder_stream", account)
            if swapped is not None:
                turn.seconds = swapped.ms / 1000
                self._held[account] = turn
                return []
        doubled = self._faults.strike_stream("duplicate_stream", account)
        return [turn, turn] if doubled else [turn]

    def held(self, account: str) -> Turn | None:
        """Return what is held back for an account."""
        return self._held.get(account)

    def release(self, account: str, turn: Turn) -> list[Turn]:
        """Return what was held back, unless it has gone already."""
        if self._held.get(account) is not turn:
            return []
        return [Turn(self._held.pop(account).event)]
