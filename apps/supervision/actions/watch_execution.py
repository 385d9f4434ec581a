"""Watch how well bots' orders are executed."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from apps.audit.actions.record import record
from apps.core.actor import Actor
from apps.core.clock import now
from apps.orders.models import QualityWatch
from apps.risk.actions.restrict import restrict
from apps.supervision.domain.execution import THRESHOLDS, Rolling, changes
from apps.supervision.queries import rolling_quality

log = structlog.get_logger(__name__)
CODE: Final = "EXECUTION_QUALITY"
WATCHER: Final = Actor.task("execution-watcher")


def watch_execution() -> int:
    """Note every bot whose execution crossed a threshold, either way; return how many did.

    A warning is told and clears itself with hysteresis. `reducing` restricts the bot once per
    crossing (`EXECUTION_QUALITY`): latched, only a person lifts it, and it is set again only after
    the measure has been well below the threshold in between.
    """
    levels: dict[UUID, dict[str, str]] = {}
    for bot_id, measure, level in QualityWatch.objects.values_list("bot_id", "measure", "level"):
        levels.setdefault(bot_id, {})[measure] = level
    count = 0
    for (kind, scope_id), rolling in sorted(rolling_quality().items()):
        if kind != "bot":
            continue
        for measure, (level, value) in changes(
            rolling=rolling, levels=levels.get(scope_id, {})
        ).items():
            _note(scope_id, measure, (level, value), rolling)
            count += 1
    return count


def _note(bot_id: UUID, measure: str, crossing: tuple[str, float], rolling: Rolling) -> None:
    level, value = crossing
    threshold = THRESHOLDS[measure]
    words = f"{threshold.words} {value:.3g} {threshold.unit} over {rolling.sample} orders"
    with transaction.atomic():
        QualityWatch.objects.update_or_create(
            bot_id=bot_id, measure=measure,
            defaults={
                "level": level, "value": value, "sample": rolling.sample, "changed_at": now(),
            },
        )  # fmt: skip
        subject = ("bots_bot", str(bot_id), measure)
        record(actor=WATCHER, verb=f"execution.{level}", subject=subject, reason=words)
        if level == "reducing":
            restrict(
                actor=WATCHER, state="reducing", code=CODE, reason=words, scope_kind="bot",
                scope_id=str(bot_id),
            )  # fmt: skip
    log.warning("execution.crossed", bot=str(bot_id), measure=measure, level=level, value=value)
