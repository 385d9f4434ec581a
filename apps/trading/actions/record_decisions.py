"""Steps 5 to 7, one transaction: lock, read again, judge, record decisions, verdicts and orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from apps.core.actor import Actor
from apps.core.bell import ring
from apps.core.clock import now
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.request_cancels import request_cancels
from apps.risk.actions.lock_books import lock_books
from apps.risk.actions.record_verdicts import record_verdicts
from apps.trading.actions.judge_wishes import Judged, judge_wishes, order_draft
from apps.trading.actions.write_targets import write_targets
from apps.trading.domain.batch import Batch
from apps.trading.domain.decision_text import decision_text
from apps.trading.domain.wishes import Decision

ACTOR: Final = Actor.task("trading.cycle")
BELLS_MAX: Final = 200
_MINE: Final = """
SELECT bot_id FROM bots_cycle
WHERE scheduled_for = %s AND bot_id = ANY(%s) AND status = 'open' ORDER BY bot_id FOR UPDATE
"""
# One JSON document: an array parameter would have every quote in it escaped, one by one.
_CLOSE: Final = """
UPDATE bots_cycle c SET status = k.status, outcome = k.outcome, seen = k.seen, wanted = k.wanted,
    codes = k.codes, closed_at = %s
FROM jsonb_to_recordset(%s::jsonb)
    k(bot uuid, status text, outcome text, seen jsonb, wanted jsonb, codes jsonb)
WHERE c.bot_id = k.bot AND c.scheduled_for = %s AND c.status = 'open'
"""


def record_decisions(*, batch: Batch, decisions: Sequence[Decision]) -> Judged:
    """Commit what was decided, all of it or nothing; a cycle that is closed already stays so.

    Orders exist only together with their verdict and the closed cycle that proposed them.
    """
    trading = [d for d in decisions if any(w.action in {"ENTER", "EXIT"} for w in d.wishes)]
    judged = Judged()
    with transaction.atomic():
        if trading:
            lock_books(account_id=batch.account_id)
            mine = _lock_cycles(batch, [decision.bot.bot_id for decision in trading])
            open_ones = [decision for decision in trading if decision.bot.bot_id in mine]
            judged = judge_wishes(batch=batch, decisions=open_ones)
            _record_orders(batch, judged)
        write_targets(batch=batch, decisions=decisions)
        _close_cycles(batch, decisions)
    traded = {item.decision.bot.bot_id for item in judged.items}
    ring("fleet", *(f"bot:{bot_id}" for bot_id in sorted(traded)[:BELLS_MAX]))
    return judged


def _lock_cycles(batch: Batch, bot_ids: Sequence[UUID]) -> set[UUID]:
    """Hold the open cycles of these bots, so that nobody else closes them meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(_MINE, [batch.at, list(bot_ids)])
        return {row[0] for row in cursor.fetchall()}


def _record_orders(batch: Batch, judged: Judged) -> None:
    at = now()
    verdicts = record_verdicts(items=[item.as_verdict(at, batch.at) for item in judged.items])
    drafts = [
        order_draft(batch=batch, item=item, verdict_id=verdict, at=at)
        for item, verdict in zip(judged.items, verdicts, strict=True)
        if item.judgement.is_allowed
    ]
    create_orders(drafts=drafts)
    if judged.stale_entries:
        request_cancels(order_ids=judged.stale_entries, actor=ACTOR, cause="target_changed")


def _close_cycles(batch: Batch, decisions: Sequence[Decision]) -> None:
    texts: dict[int, str] = {}
    rows = []
    for decision in decisions:
        # bots that are decided alike share one list of wishes
        text = texts.get(id(decision.wishes))
        if text is None or decision.codes:
            text = decision_text(decision, batch.prices)
            texts[id(decision.wishes)] = text
        rows.append(f'{{"bot":"{decision.bot.bot_id}",{text}')
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, [now(), f"[{','.join(rows)}]", batch.at])
