"""One trading cycle of one batch: all due bots of a venue account and timeframe.

Read this page first. A cycle decides; it never talks to a venue. What it decides is committed
as rows (decisions, verdicts, orders), and `run_account` then sends them and absorbs what came of
them. Every step is one bulk statement or pure arithmetic, so a thousand bots cost what one does,
and one bot's failure never touches its neighbours. Whatever is interrupted is run again:
rows that an earlier run opened are continued, rows that it closed are left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from apps.marketdata.clock import market_now
from apps.trading.actions.ask_strategies import ask_strategies, make_minds, windows_needed
from apps.trading.actions.fail_bots import fail_bots
from apps.trading.actions.open_cycles import open_cycles
from apps.trading.actions.read_batch import (
    candles_are_in,
    read_books,
    read_bots,
    read_equity,
    read_market,
)
from apps.trading.actions.record_decisions import record_decisions
from apps.trading.domain.fleet import decide_all
from apps.trading.queries.due import latest_close

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CycleSummary:
    """What a cycle did: bots decided, orders recorded, proposals denied, bots failed."""

    bots: int = 0
    ordered: int = 0
    denied: int = 0
    failed: int = 0
    is_waiting: bool = False


def run_cycle(*, account_id: UUID, timeframe: str, at: datetime) -> CycleSummary:
    """Decide for every due bot of the account on the candles that closed at `at` (market time).

    A close that is no longer the latest is past: nobody decides on it.
    """
    moment = market_now()
    if at != latest_close(at=moment, timeframe=timeframe):
        return CycleSummary()
    batch = read_bots(account_id=account_id, timeframe=timeframe, at=at, now=moment)
    if batch is None:
        return CycleSummary()
    minds = make_minds(batch=batch)
    counts = windows_needed(batch=batch, minds=minds)

    # wait until the candles of this close are stored, or their grace is over
    if not candles_are_in(batch=batch, counts=counts):
        return CycleSummary(is_waiting=True)

    # 1  open the cycle rows
    open_cycles(batch=batch)

    # 2  read what is known, once for the whole batch
    read_books(batch=batch)
    windows = read_market(batch=batch, counts=counts)
    read_equity(batch=batch)

    # 3  refuse stale data; ask each strategy for its wanted exposure
    opinions = ask_strategies(batch=batch, minds=minds, windows=windows)

    # 4  size: target − held − already open → wishes
    decisions = decide_all(batch=batch, opinions=opinions)

    # 5–7  under the books' lock: judge each proposed order; record decisions, verdicts, orders
    summary = record_decisions(batch=batch, decisions=decisions)

    # a bot whose strategy raised decides no more until somebody looks
    failed = [decision for decision in decisions if decision.failed]
    fail_bots(decisions=failed)
    log.info("cycle.done", account=str(account_id), timeframe=timeframe, bots=len(decisions), ordered=summary.ordered, denied=summary.denied, failed=len(failed))  # fmt: skip
    return CycleSummary(len(decisions), summary.ordered, summary.denied, len(failed))
