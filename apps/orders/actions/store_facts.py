"""Write down what a venue said, once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from apps.core.clock import now
from apps.core.statements import rows_as_json, run
from apps.orders.actions.name_triggered import name_triggered
from apps.orders.domain.facts import fill_fact, order_fact
from apps.venues.domain.reports import FillReport, OrderReport

# In the digests' order, so that two that store the same news at once cannot lock each other out.
INSERT_FACTS: Final = """
INSERT INTO orders_venuefact (account_id, kind, source, client_order_id, venue_order_id, content,
    digest, received_at, result)
SELECT %(account)s, f.kind, %(source)s, f.client_order_id, f.venue_order_id, f.content, f.digest,
    %(at)s, ''
FROM json_to_recordset(%(facts)s::json)
    f(kind text, client_order_id text, venue_order_id text, content jsonb, digest text)
ORDER BY f.digest
ON CONFLICT (account_id, digest) DO NOTHING
RETURNING 1
"""


def store_facts(
    *,
    account_id: UUID,
    source: str,
    orders: Iterable[OrderReport] = (),
    fills: Iterable[FillReport] = (),
) -> int:
    """Store reports (with the fills inside order reports) and return how many were news.

    Nothing else happens here: `portfolio.actions.absorb` draws the consequences.
    """
    reports = list(orders)
    facts = fact_rows(orders=reports, fills=fills)
    if not facts:
        return 0
    name_triggered(account_id=account_id, reports=reports)
    values = {"facts": rows_as_json(facts), "account": account_id, "source": source, "at": now()}
    return len(run(INSERT_FACTS, values))


def fact_rows(
    *, orders: Iterable[OrderReport] = (), fills: Iterable[FillReport] = ()
) -> list[dict[str, Any]]:
    """Return the rows of `INSERT_FACTS` for reports and the fills inside them."""
    reports = list(orders)
    inside = [fill for report in reports for fill in report.fills]
    facts = [fill_fact(fill) for fill in (*inside, *fills)]
    facts += [order_fact(report) for report in reports]
    return [
        {
            "kind": fact.kind,
            "client_order_id": fact.client_order_id,
            "venue_order_id": fact.venue_order_id,
            "content": fact.content,
            "digest": fact.digest,
        }
        for fact in facts
    ]
