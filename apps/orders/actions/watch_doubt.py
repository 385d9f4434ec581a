"""A bot whose order stays in doubt takes on no more risk until the doubt is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.statements import run
from apps.risk.actions.lift import lift
from apps.risk.actions.restrict import restrict
from apps.risk.models import Restriction

log = structlog.get_logger(__name__)
WATCHER: Final = Actor.task("doubt-watcher")
CODE: Final = "UNKNOWN_ORDER"
PATIENCE: Final = timedelta(seconds=60)
# Per bot: when its oldest doubt began, how many there are, one of them; and what is in force.
_DOUBTS: Final = """
WITH doubts AS (
    SELECT o.bot_id, min(o.submitted_at) AS since, count(*) AS orders, min(o.client_order_id) AS one
    FROM orders_order o
    WHERE o.status = 'unknown' AND coalesce(o.account_id = %(account)s::uuid, true) GROUP BY o.bot_id
), held AS (
    SELECT r.id, b.id AS bot_id FROM risk_restriction r JOIN bots_bot b ON b.id::text = r.scope_id
    WHERE r.lifted_at IS NULL AND r.scope_kind = 'bot' AND r.code = %(code)s
        AND coalesce(b.account_id = %(account)s::uuid, true)
)
SELECT coalesce(d.bot_id, h.bot_id), d.since, d.orders, d.one, h.id
FROM doubts d FULL JOIN held h ON h.bot_id = d.bot_id ORDER BY 1
"""


@dataclass(slots=True)
class DoubtSummary:
    """How many bots were set to reducing, and how many were released."""

    restricted: int = 0
    released: int = 0


def watch_doubt(*, account_id: UUID | None = None) -> DoubtSummary:
    """Set bots to reducing whose order has been in doubt for 60 s; release those without doubt.

    The order itself stays in doubt until the venue has answered: it is never dropped.
    """
    summary = DoubtSummary()
    at = now()
    for bot_id, since, orders, one, held in run(_DOUBTS, {"account": account_id, "code": CODE}):
        if orders is None:
            lift(actor=WATCHER, restriction_id=held, reason="the venue has answered")
            summary.released += 1
        elif held is None and since is not None and at - since >= PATIENCE:
            seconds = (at - since).total_seconds()
            log.error("orders.in_doubt", bot=str(bot_id), orders=orders, order=one, seconds=seconds)
            _restrict(
                bot_id, f"{orders} orders in doubt, the oldest for {seconds:.0f} s, e.g. {one}"
            )
            summary.restricted += 1
    return summary


def _restrict(bot_id: UUID, reason: str) -> Restriction:
    return restrict(
        actor=WATCHER, scope_kind="bot", scope_id=str(bot_id), state="reducing", code=CODE,
        reason=reason,
    )  # fmt: skip
