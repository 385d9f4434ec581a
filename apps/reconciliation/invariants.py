"""What must be true of cases and marks: each query returns the rows that break it."""

from __future__ import annotations

from typing import Final

# name -> (words, SQL). Each runs within seconds over the whole history; 0 rows is right.
INVARIANTS: Final[dict[str, tuple[str, str]]] = {
    "I7_breaks_block_entries": (
        "An account with an open critical case is restricted, half a minute later at the latest",
        """
        SELECT c.id, c.account_id, c.kind, c.subject FROM reconciliation_case c
        WHERE c.state = 'open' AND c.severity = 'critical'
          AND c.opened_at < now() - interval '30 seconds'
          AND NOT EXISTS (
              SELECT FROM risk_restriction r WHERE r.lifted_at IS NULL
              AND (r.scope_kind = 'desk'
                   OR (r.scope_kind = 'account' AND r.scope_id = c.account_id::text)))
        """,
    ),
    "I7_adjustments_are_approved": (
        "Each adjustment of the books belongs to a case that an applied request resolved",
        """
        SELECT e.id, e.account_id, e.note FROM portfolio_journalentry e
        WHERE e.kind = 'adjustment' AND NOT EXISTS (
            SELECT FROM reconciliation_case c
            JOIN approvals_changerequest r ON r.id = c.change_request_id
            WHERE c.account_id = e.account_id AND c.state = 'resolved'
              AND r.kind = 'reconciliation.write_off' AND r.state IN ('applying', 'applied')
              AND r.content ->> 'account_id' = e.account_id::text)
        """,
    ),
}
