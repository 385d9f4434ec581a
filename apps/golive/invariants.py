"""What must be true of stages and approvals: each query returns the rows that break it."""

from __future__ import annotations

from typing import Final

INVARIANTS: Final[dict[str, tuple[str, str]]] = {
    "stage_has_its_request": (
        "A bot on real money stands on the request that brought it there",
        """
        SELECT b.id FROM bots_bot b
        LEFT JOIN approvals_changerequest r ON r.id = b.stage_request_id
        WHERE b.stage IN ('small_capital', 'mainnet')
          AND (r.id IS NULL OR r.kind <> 'bot.promote' OR r.subject_id <> b.id::text
               OR r.state NOT IN ('applying', 'applied'))
        """,
    ),
    "applied_has_its_votes": (
        "What was applied had its votes, none of them by whoever wrote it",
        """
        SELECT r.id FROM approvals_changerequest r
        WHERE r.state IN ('applying', 'applied')
          AND (SELECT count(DISTINCT v.user_id) FROM approvals_vote v
               WHERE v.request_id = r.id AND v.decision = 'approve'
                 AND v.content_hash = r.content_hash AND v.user_id <> r.requested_by_id
                 AND NOT EXISTS (SELECT FROM approvals_contentedit e
                                 WHERE e.request_id = r.id AND e.user_id = v.user_id))
              < r.approvals_needed
        """,
    ),
    "content_matches_its_hash": (
        "The content that people voted for is the content that is stored",
        """
        SELECT r.id FROM approvals_changerequest r
        WHERE r.content_hash
            <> encode(sha256(convert_to(approvals_canonical(r.content), 'UTF8')), 'hex')
        """,
    ),
    "stage_fits_its_environment": (
        "A bot's stage fits its account's environment",
        """
        SELECT b.id FROM bots_bot b JOIN venues_venueaccount a ON a.id = b.account_id
        CROSS JOIN accounts_desk d
        WHERE CASE WHEN d.rehearsal THEN a.environment <> 'simulated'
              ELSE (b.stage, a.environment) NOT IN (
                  ('paper', 'simulated'), ('testnet', 'simulated'), ('testnet', 'testnet'),
                  ('small_capital', 'live'), ('mainnet', 'live')) END
        """,
    ),
    "no_one_holds_exclusive_roles": (
        "Nobody holds two roles that exclude each other",
        """
        SELECT m.user_id FROM accounts_user_groups m JOIN auth_group g ON g.id = m.group_id
        WHERE g.name IN ('strategist', 'risk_manager', 'auditor')
        GROUP BY m.user_id HAVING count(*) > 1
        """,
    ),
}
