"""Write down what a venue said, once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from apps.core.clock import now
from apps.core.statements import run
from apps.orders.actions.name_triggered import name_triggered
from apps.orders.domain.facts import fill_fact, order_fact
from apps.venues.domain.reports import FillReport, OrderReport

# In the digests' order, so that two that store the same news at once cannot lock each other out.
INSERT_FACTS: Final = """
INSERT INTO orders_venuefact (account_id, kind, source, client_order_id, venue_order_id, content,
    digest, received_at, result)
SELECT %(account)s, f.kind, %(source)s, f.client_order_id, f.venue_order_id, f.content, f.digest,
    %(at)s, ''
FROM unnest(%(kinds)s::text[], %(client_ids)s::text[], %(venue_ids)s::text[], %(contents)s::jsonb[],
    %(digests)s::text[]) f(kind, client_order_id, venue_order_id, content, digest)
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
    columns = fact_columns(orders=reports, fills=fills)
    if not columns["kinds"]:
        return 0
    name_triggered(account_id=account_id, reports=reports)
    values = columns | {"account": account_id, "source": source, "at": now()}
    return len(run(INSERT_FACTS, values))


def fact_columns(
    *, orders: Iterable[OrderReport] = (), fills: Iterable[FillReport] = ()
) -> dict[str, list[Any]]:
    """Return the columns of `INSERT_FACTS` for reports and the fills inside them."""
    reports = list(orders)
    inside = [fill for report in reports for fill in report.fills]
    facts = [fill_fact(fill) for fill in (*inside, *fills)]
    facts += [order_fact(report) for report in reports]
    return {
        "kinds": [fact.kind for fact in facts],
        "client_ids": [fact.client_order_id for fact in facts],
        "venue_ids": [fact.venue_order_id for fact in facts],
        "contents": [Jsonb(fact.content) for fact in facts],
        "digests": [fact.digest for fact in facts],
    }
