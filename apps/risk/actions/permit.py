"""The send permit and the halt barrier: one advisory lock an account, shared and exclusive.

A sender holds the shared lock for the length of one wave, on a transaction that only locks and
reads. A halt commits its row first and then takes the exclusive lock: once it has it, every send
that had not seen the row is over. The restrictions are read in a statement of their own *after*
the lock was granted; READ COMMITTED gives that statement a snapshot taken after it.

The lock is asked for in one message whose answer is read later, so that it is granted while the
claim reaches the disk. Held for longer, it keeps a halt waiting; it never lets a send slip past one.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from django.conf import settings
from django.db import connections
from psycopg import errors, generators
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

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


def _lock_connection() -> psycopg.Connection[Any]:
    if _held.pid != os.getpid():
        # never closed here: the socket belongs to the parent
        _held.connection, _held.pid = None, os.getpid()
    if _held.connection is None:
        _held.connection = _connect()
    return _held.connection


def _ask(words: str) -> None:
    """Send the statements that begin a transaction, and do not wait for their answers.

    A connection that was lost meanwhile is made anew, once; here or when the answers are read.
    """
    try:
        _send(words)
    except psycopg.Error:
        close_permits()
        _send(words)


def _answered(words: str) -> list[PGresult]:
    """Wait for the answers to `words`.

    :raises psycopg.Error: what the server refused, or that it cannot be reached.
    """
    try:
        return _read()
    except errors.LockNotAvailable:
        raise
    except psycopg.Error:
        close_permits()
    _send(words)
    return _read()


def _send(words: str) -> None:
    connection = _lock_connection()
    connection.pgconn.send_query(words.encode())
    connection.wait(generators.send(connection.pgconn))


def _read() -> list[PGresult]:
    connection = _lock_connection()
    answers: list[PGresult] = connection.wait(generators.fetch_many(connection.pgconn))
    for answer in answers:
        if answer.status == ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(answer)
    return answers


def close_permits() -> None:
    """Close this thread's lock connection; the next permit makes a new one."""
    if _held.connection is not None:
        _held.connection.close()
        _held.connection = None


def _release(*, account_id: UUID) -> None:
    if _held.connection is None:
        return
    if _held.connection.pgconn.transaction_status == TransactionStatus.ACTIVE:
        # asked for and given up unread
        close_permits()
        return
    try:
        _held.connection.execute("ROLLBACK")
    except psycopg.Error as error:
        # the wave is over either way; what it learned must still be stored
        log.warning("permit.lost", account=str(account_id), error=str(error).strip())
        close_permits()


@contextmanager
def asked_permit(*, account_id: UUID) -> Iterator[Callable[[], Permit]]:
    """Ask for the account's shared send lock and hold it to the end of the block.

    What is yielded waits for the lock and returns what may be sent; call it once. Take rate tokens
    first, and end the wave within 4 s of the block's beginning.

    :raises PermitUnavailable: from that call, when a barrier holds the lock for longer than 10 s.
    """
    # a UUID and two numbers: nothing here was ever typed by anybody
    words = GRANT.format(
        wait_ms=int(PERMIT_WAIT_SECONDS * 1000), key=lock_key(account_id),
        account=f"'{UUID(str(account_id))}'",
    )  # fmt: skip
    try:
        _ask(words)
        yield lambda: _granted(account_id, words)
    finally:
        _release(account_id=account_id)


@contextmanager
def send_permit(*, account_id: UUID) -> Iterator[Permit]:
    """Hold the account's shared send lock, waiting for it at once; see `asked_permit`.

    :raises PermitUnavailable: when a barrier holds the lock for longer than 10 s.
    """
    with asked_permit(account_id=account_id) as granted:
        yield granted()


def _granted(account_id: UUID, words: str) -> Permit:
    try:
        *_, build, restrictions = _answered(words)
    except errors.LockNotAvailable as error:
        raise PermitUnavailable(account=str(account_id)) from error
    is_old = any(row != [settings.BUILD] for row in _rows(build))
    return Permit(account_id, now(), _grounds(account_id, _rows(restrictions)), is_old)


def _rows(answer: PGresult) -> list[list[str]]:
    return [
        [(answer.get_value(row, column) or b"").decode() for column in range(answer.nfields)]
        for row in range(answer.ntuples)
    ]


def _grounds(account_id: UUID, rows: list[list[str]]) -> Grounds:
    found = [
        InForce(UUID(id_), (kind, scope_id), state, code, flatten == "t")
        for id_, kind, scope_id, state, code, flatten in rows
    ]
    places: dict[UUID, tuple[str, str]] = {}
    if any(restriction.scope[0] in {"stage", "strategy"} for restriction in found):
        account = {"account": str(account_id)}
        places = {
            bot: (stage, strategy)
            for bot, stage, strategy in _lock_connection().execute(BOTS, account).fetchall()
        }
    return Grounds.of(restrictions=found, places=places)


def barrier(*, account_id: UUID, timeout_seconds: float = BARRIER_SECONDS) -> datetime:
    """Wait until no send of the account is in flight; return the database's time of that moment.

    Call it after the halt's row has committed. A stopped sender loses its lock after 6 s.

    :raises BarrierTimeout: when a sender holds its permit for longer.
    """
    try:
        words = f"BEGIN; SET LOCAL lock_timeout = {int(timeout_seconds * 1000)}"
        _ask(words)
        _answered(words)
        connection = _lock_connection()
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key(account_id)])
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        moment: datetime = row[0]
    except errors.LockNotAvailable as error:
        raise BarrierTimeout(account=str(account_id), seconds=timeout_seconds) from error
    finally:
        _release(account_id=account_id)
    return moment
