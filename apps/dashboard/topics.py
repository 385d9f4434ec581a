"""The live topics: what each shows, who may listen, and how often it is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from apps.dashboard.domain.live import Live
from apps.dashboard.queries.bot import read_bot_live
from apps.dashboard.queries.fleet import read_fleet
from apps.dashboard.queries.frame import read_frame
from apps.dashboard.queries.orders import read_orders_live
from apps.dashboard.queries.positions import read_positions
from apps.dashboard.queries.reconcile import read_reconcile_live
from apps.dashboard.queries.records import read_approvals_live, read_audit_live, read_risk_live


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: `read` takes the part of the name after the colon.

    `every_seconds` bounds how often it is sent after a bell, `unrung_seconds` how long a change
    without a bell may go unseen.
    """

    permission: str
    read: Callable[[str], Live]
    every_seconds: float = 1.0
    unrung_seconds: float = 1.0


def _whole(read: Callable[[], Live]) -> Callable[[str], Live]:
    return lambda _: read()


TOPICS: Final[dict[str, Topic]] = {
    "frame": Topic("view_desk", _whole(lambda: read_frame().live)),
    "fleet": Topic("view_desk", _whole(lambda: read_fleet().live)),
    "bot": Topic("view_desk", read_bot_live, every_seconds=0.5),
    "orders": Topic("view_desk", _whole(read_orders_live)),
    "positions": Topic("view_desk", _whole(lambda: read_positions().live)),
    "risk": Topic("view_desk", _whole(read_risk_live)),
    "approvals": Topic("view_desk", _whole(read_approvals_live)),
    "reconcile": Topic("view_operations", _whole(read_reconcile_live)),
    "audit": Topic("view_audit", _whole(read_audit_live)),
}
NAME: Final = re.compile(r"(bot):([a-z0-9-]{1,48})|([a-z]+)")


def split(name: str) -> tuple[str, str] | None:
    """Return kind and subject of a topic's name, None for a name that is none."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    kind = match[1] or match[3]
    if kind not in TOPICS or (kind == "bot") != bool(match[2]):
        return None
    return kind, match[2] or ""
