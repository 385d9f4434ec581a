"""The lifecycle of a bot as a table."""

from __future__ import annotations

from typing import Final

from apps.core.errors import Conflict

STEPS: Final[dict[str, frozenset[str]]] = {
    "draft": frozenset({"running"}),
    "running": frozenset({"paused", "stopped", "failed"}),
    "paused": frozenset({"running", "stopped", "failed"}),
    "stopped": frozenset({"running"}),
    "failed": frozenset({"running", "stopped"}),
}
STATES: Final = tuple(STEPS)


class IllegalStep(Conflict):
    """The bot's state does not allow this step."""

    default_code = "BOT_ILLEGAL_STEP"


def check_step(*, before: str, after: str) -> None:
    """Allow a step of the table.

    :raises IllegalStep: with the steps that would pass.
    """
    if after not in STEPS[before]:
        raise IllegalStep(state=before, wanted=after, allowed=sorted(STEPS[before]))
