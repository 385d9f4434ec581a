"""The send permit and the halt barrier: one advisory lock an account, shared and exclusive.

A sender holds the shared lock for the length of one wave, on a transaction that only locks and
reads. A halt commits its row first and then takes the exclusive lock: once it has it, every send
that had not seen the row is over. The restrictions are read in a statement of their own *after*
the lock was granted; READ COMMITTED gives that statement a snapshot taken after it.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from django.conf import settings
from django.db import connections

from apps.core.clock import now
from apps.core.errors import DeskError
from apps.risk.domain.permits import Grounds
from apps.risk.domain.scopes import InForce

log = structlog.get_logger(__name__)

# A sender that stopped inside its wave loses its lock after this time, and the barrier passes.
IDLE_SECONDS: Final = 6
BARRIER_SECONDS: Final = 7
PERMIT_WAIT_SECONDS: Final = 10
# One message to the server, so one round trip; each statement has a snapshot of its own, the
# last ones taken after the lock was granted.
GRANT: Final = """
BEGIN;
SET LOCAL lock_timeout = {wait_ms};
SELECT pg_advisory_xact_lock_shared({key});
SELECT build FROM risk_deskbuild;
SELECT r.id, r.scope_kind, r.scope_id, r.state, r.code, r.flatten
FROM risk_restriction r
WHERE r.lifted_at IS NULL
  AND (r.scope_kind IN ('desk', 'stage', 'strategy', 'instrument')
       OR (r.scope_kind = 'account' AND r.scope_id = {account})
       OR (r.scope_kind = 'venue'
           AND r.scope_id = (SELECT venue FROM venues_venueaccount WHERE id = {account}::uuid))
       OR (r.scope_kind = 'bot'
           AND r.scope_id IN (SELECT id::text FROM bots_bot WHERE account_id = {account}::uuid)));
"""
BOTS: Final = """
SELECT b.id, b.stage, coalesce(s.name, '')
FROM bots_bot b
LEFT JOIN bots_botconfig c ON c.id = b.config_id
LEFT JOIN strategies_strategyversion v ON v.id = c.strategy_version_id
LEFT JOIN strategies_strategy s ON s.id = v.strategy_id
WHERE b.account_id = %(account)s::uuid
"""


class PermitUnavailable(DeskError):
    """The shared lock was not granted in time: a barrier is being taken. Nothing was sent."""

    default_code = "PERMIT_UNAVAILABLE"
    status = 503


class BarrierTimeout(DeskError):
    """A sender still holds its permit; the halt tries again."""

    default_code = "BARRIER_TIMEOUT"
    status = 503


@dataclass(frozen=True, slots=True)
class Permit:
    """What may be sent in this wave, as read under the lock; `granted_at` is real time.

    A process of another build than the declared one (`is_old_build`) sends no entries.
    """

    account_id: UUID
    granted_at: datetime
    grounds: Grounds
    is_old_build: bool = False

    def allows(
        self, purpose: str, bot_id: UUID, instrument_id: int, halt_id: UUID | None = None
    ) -> bool:
        """Return whether an order may be sent now; while halted only protection and its flatten."""
        if self.is_old_build and purpose == "entry":
            return False
        return self.grounds.allows(
            purpose=purpose, bot_id=bot_id, instrument_id=instrument_id, halt_id=halt_id
        )


def lock_key(account_id: UUID) -> int:
    """Return the account's advisory lock key, a signed 64-bit number."""
    digest = hashlib.blake2b(f"send-permit:{account_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class _Held(threading.local):
    """One lock connection a thread; a forked child makes its own."""

    connection: psycopg.Connection[Any] | None = None
    pid: int = 0


_held = _Held()


def _connect() -> psycopg.Connection[Any]:
    params = connections["default"].get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        params.pop(name, None)
    params["options"] = (
        f"{params.get('options', '')} -c default_transaction_isolation=read\\ committed"
        f" -c idle_in_transaction_session_timeout={IDLE_SECONDS}s"
    )
    return psycopg.connect(**params, autocommit=True)


def _begin(first: str) -> psycopg.Cursor[Any]:
    """Run the statements that begin a transaction on this thread's lock connection.

    A connection that was lost meanwhile is made anew, once.
    """
    if _held.pid != os.getpid():
        # never closed here: the socket belongs to the parent
        _held.connection, _held.pid = None, os.getpid()
    if _held.connection is not None:
        try:
            return _held.connection.execute(first, prepare=False)
        except psycopg.errors.LockNotAvailable:
            raise
        except psycopg.Error:
            close_permits()
    _held.connection = _connect()
    return _held.connection.execute(first, prepare=False)


def close_permits() -> None:
    """Close this thread's lock connection; the next permit makes a new one."""
    if _held.connection is not None:
        _held.connection.close()
        _held.connection = None


def _release(*, account_id: UUID) -> None:
    try:
        if _held.connection is not None:
            _held.connection.execute("ROLLBACK")
    except psycopg.Error as error:
        # the wave is over either way; what it learned must still be stored
        log.warning("permit.lost", account=str(account_id), error=str(error).strip())
        close_permits()


@contextmanager
def send_permit(*, account_id: UUID) -> Iterator[Permit]:
    """Hold the account's shared send lock; take rate tokens first, end the wave within 4 s.

    :raises PermitUnavailable: when a barrier holds the lock for longer than 10 s.
    """
    try:
        yield _grant(account_id)
    finally:
        _release(account_id=account_id)


def _grant(account_id: UUID) -> Permit:
    # a UUID and two numbers: nothing here was ever typed by anybody
    words = GRANT.format(
        wait_ms=int(PERMIT_WAIT_SECONDS * 1000), key=lock_key(account_id),
        account=f"'{UUID(str(account_id))}'",
    )  # fmt: skip
    try:
        cursor = _begin(words)
    except psycopg.errors.LockNotAvailable as error:
        raise PermitUnavailable(account=str(account_id)) from error
    answers = []
    while True:
        answers.append(cursor.fetchall() if cursor.description else [])
        if not cursor.nextset():
            break
    declared, restrictions = answers[-2], answers[-1]
    grounds = _grounds(cursor.connection, account_id, restrictions)
    is_old = bool(declared) and declared[0][0] != settings.BUILD
    return Permit(account_id, now(), grounds, is_old)


def _grounds(
    connection: psycopg.Connection[Any], account_id: UUID, rows: list[tuple[Any, ...]]
) -> Grounds:
    found = [
        InForce(id_, (kind, scope_id), state, code, flatten)
        for id_, kind, scope_id, state, code, flatten in rows
    ]
    places: dict[UUID, tuple[str, str]] = {}
    if any(restriction.scope[0] in {"stage", "strategy"} for restriction in found):
        account = {"account": str(account_id)}
        places = {
            bot: (stage, strategy)
            for bot, stage, strategy in connection.execute(BOTS, account).fetchall()
        }
    return Grounds.of(restrictions=found, places=places)


def barrier(*, account_id: UUID, timeout_seconds: float = BARRIER_SECONDS) -> datetime:
    """Wait until no send of the account is in flight; return the database's time of that moment.

    Call it after the halt's row has committed. A stopped sender loses its lock after 6 s.

    :raises BarrierTimeout: when a sender holds its permit for longer.
    """
    try:
        connection = _begin(
            f"BEGIN; SET LOCAL lock_timeout = {int(timeout_seconds * 1000)}"
        ).connection
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key(account_id)])
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        moment: datetime = row[0]
    except psycopg.errors.LockNotAvailable as error:
        raise BarrierTimeout(account=str(account_id), seconds=timeout_seconds) from error
    finally:
        _release(account_id=account_id)
    return moment
