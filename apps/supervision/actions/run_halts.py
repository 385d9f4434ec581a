"""Take every halt in force one step further."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from apps.core.clock import now
from apps.core.errors import DeskError
from apps.supervision.actions.flatten_run import flatten_run
from apps.supervision.actions.open_runs import open_runs
from apps.supervision.actions.sweep_run import sweep_run
from apps.supervision.actions.take_barrier import take_barrier
from apps.supervision.domain.patience import wait_after
from apps.supervision.models import HaltRun
from apps.supervision.queries import unfinished_runs

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class HaltSummary:
    """How many runs were taken further, and how many are over now."""

    tried: int = 0
    finished: int = 0


def run_halts() -> HaltSummary:
    """Open missing runs and advance those that are due; safe to repeat, at any point of a crash."""
    open_runs()
    summary = HaltSummary()
    for run in unfinished_runs(due_at=now()):
        summary.tried += 1
        summary.finished += advance_run(run=run)
    return summary


def advance_run(*, run: HaltRun) -> bool:
    """Barrier, cancels, flatten: as far as this run gets; return whether it is over.

    What the venue refuses is noted in the run and tried again after a wait, for hours if need be.
    """
    error = ""
    try:
        take_barrier(run=run)
        is_over = _sweep_and_flatten(run)
    except (DeskError, TimeoutError) as failure:
        error = str(failure)[:200] or type(failure).__name__
        is_over = False
    _note(run, error, is_over=is_over)
    return is_over


def _sweep_and_flatten(run: HaltRun) -> bool:
    if sweep_run(run=run):
        return False
    return not run.restriction.flatten or not flatten_run(run=run)


def _note(run: HaltRun, error: str, *, is_over: bool) -> None:
    run.attempts += 1
    run.error = error
    run.next_try_at = None if is_over else now() + wait_after(run.attempts)
    run.save(update_fields=["attempts", "error", "next_try_at"])
    words = {"restriction": str(run.restriction_id), "account": str(run.account_id)}
    if is_over:
        log.info("halt.verified", canceled=run.canceled, attempts=run.attempts, **words)
    elif error:
        log.warning("halt.tried", error=error, attempts=run.attempts, **words)
