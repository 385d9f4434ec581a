"""Trip the daily-loss breaker."""

from __future__ import annotations

from typing import Final

from apps.core.actor import Actor
from apps.core.domain.money import plain
from apps.risk.actions.restrict import restrict
from apps.risk.models import Restriction
from apps.supervision.domain.losses import breaches, losses
from apps.supervision.queries import daily_loss_limits, days_of_bots

CODE: Final = "DAILY_LOSS"
WATCHER: Final = Actor.task("loss-watcher")


def watch_losses() -> list[Restriction]:
    """Set every scope that reached its daily loss to reducing; return the new restrictions.

    Latched: only a person lifts it. Four statements while nothing is breached.
    """
    days = days_of_bots()
    found = breaches(losses=losses(days), limits=daily_loss_limits(days))
    if not found:
        return []
    latched = set(
        Restriction.objects.filter(code=CODE, lifted_at=None).values_list("scope_kind", "scope_id")
    )
    return [
        restrict(
            actor=WATCHER,
            scope_kind=breach.scope[0],
            scope_id=breach.scope[1],
            state="reducing",
            code=CODE,
            reason=f"lost {plain(breach.loss)} today, limit {plain(breach.limit)}",
        )
        for breach in found
        if breach.scope not in latched
    ]
