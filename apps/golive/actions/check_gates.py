"""Measure the gates of a request and keep the result as evidence."""

from __future__ import annotations

from apps.approvals.models import ChangeRequest
from apps.bots.queries import bot_by_id
from apps.core.clock import now
from apps.golive.domain.gates import GateResult
from apps.golive.models import GateCheck
from apps.golive.queries import gates_of


def check_gates(*, request: ChangeRequest, moment: str) -> list[GateResult]:
    """Write one GateCheck row a gate for `moment` (request, vote or apply); return the results.

    A request that climbs no stage has no gates.
    """
    if request.kind != "bot.promote":
        return []
    bot = bot_by_id(request.subject_id)  # type: ignore[arg-type]
    results = gates_of(bot=bot, to_stage=request.content["to_stage"])
    at = now()
    GateCheck.objects.bulk_create(
        GateCheck(
            request=request, bot=bot, moment=moment, gate=found.gate, result=found.result,
            measured=found.measured[:80], threshold=found.threshold[:80], sample=found.sample, at=at,
        )
        for found in results
    )  # fmt: skip
    return results
