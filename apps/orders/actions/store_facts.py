"""Write down what a venue said, once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import connection
from psycopg.types.json import Jsonb

from apps.core.clock import now
from apps.orders.domain.facts import fill_fact, order_fact
from apps.venues.domain.reports import FillReport, OrderReport

# In the digests' order, so that two that store the same news at once cannot lock each other out.
_INSERT: Final = """
INSERT INTO orders_venuefact (account_id, kind, source, client_order_id, venue_order_id, content,
    digest, received_at, result)
SELECT %s, f.kind, %s, f.client_order_id, f.venue_order_id, f.content, f.digest, %s, ''
FROM unnest(%s::text[], %s::text[], %s::text[], %s::jsonb[], %s::text[])
    f(kind, client_order_id, venue_order_id, content, digest)
ORDER BY f.digest
ON CONFLICT (account_id, digest) DO NOTHING
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
    inside = [fill for report in reports for fill in report.fills]
    facts = [fill_fact(fill) for fill in (*inside, *fills)]
    facts += [order_fact(report) for report in reports]
    if not facts:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                account_id,
                source,
                now(),
                [fact.kind for fact in facts],
                [fact.client_order_id for fact in facts],
                [fact.venue_order_id for fact in facts],
                [Jsonb(fact.content) for fact in facts],
                [fact.digest for fact in facts],
            ],
        )
        return int(cursor.rowcount)
