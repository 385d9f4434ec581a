"""Versions of the lists that live screens fetch again when they changed."""

from __future__ import annotations

from django.db import connection

from apps.dashboard.domain.live import Live, version

APPROVALS_SQL = """
SELECT count(*), max(number), max(closed_at), max(approved_at), count(*) FILTER (WHERE state = 'applying'),
       (SELECT count(*) FROM approvals_vote)
FROM approvals_changerequest
"""
AUDIT_SQL = "SELECT max(seq) FROM audit_auditevent"
RISK_SQL = """
SELECT count(*), max(set_at), max(lifted_at), (SELECT max(set_at) FROM risk_limit),
       (SELECT max(barrier_at) FROM supervision_haltrun), (SELECT max(verified_at) FROM supervision_haltrun),
       (SELECT count(*) FROM supervision_haltrun)
FROM risk_restriction
"""


def _version(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return version(*cursor.fetchone())


def read_approvals_live() -> Live:
    """Return the version of the change requests (one statement)."""
    return Live({}, {"approvals": _version(APPROVALS_SQL)})


def read_audit_live() -> Live:
    """Return the version of the audit trail (one statement)."""
    return Live({}, {"audit": _version(AUDIT_SQL)})


def read_risk_live() -> Live:
    """Return the version of limits, restrictions and halts (one statement)."""
    return Live({}, {"risk": _version(RISK_SQL)})
