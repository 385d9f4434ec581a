"""Become an account's sender and read what waits to be sent, in one statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings

from apps.core.clock import now
from apps.core.statements import run
from apps.orders.domain.rows import Sendable
from apps.orders.queries import TO_SEND

# The lock is tried once, and only where there is anything to send. A row read a moment before it
# was taken does no harm: the claim looks at status, cancel and time again.
_START: Final = f"""
SELECT d.*, (SELECT pg_try_advisory_lock(hashtextextended(%(name)s, 0))),
    coalesce((SELECT build = %(build)s FROM risk_deskbuild), true),
    (SELECT md5(concat_ws(' ', a.api_key_sealed, a.api_secret_sealed, a.api_password_sealed,
        a.position_mode, a.margin_mode, a.sandbox)) FROM venues_venueaccount a
     WHERE a.id = %(account)s),
    (SELECT now FROM marketdata_marketclock)
FROM ({TO_SEND}) d
"""  # noqa: S608 - a statement of this app
_UNLOCK: Final = """
SELECT pg_advisory_unlock(hashtextextended(%(name)s, 0))
"""


@dataclass(slots=True)
class Start:
    """What waits, in the order of decisions.

    `is_busy`: another process is sending. `is_build_current`: ours is the build that the desk
    declared (or it declared none). `key_mark` changes when the account's keys do. `send_lock`
    names the lock that is held, "" once it was given back.
    """

    due: list[Sendable] = field(default_factory=list)
    is_busy: bool = False
    is_build_current: bool = True
    key_mark: str = ""
    virtual_now: datetime | None = None
    send_lock: str = ""

    def market_now(self) -> datetime:
        """Return the market's time: the virtual clock's as read at the start, else the real one."""
        return self.virtual_now or now()


@contextmanager
def start_sending(*, account_id: UUID) -> Iterator[Start]:
    """Hold the account's send lock while its orders are sent; nothing is locked when none waits."""
    name = f"orders.send:{account_id}"
    rows = run(_START, {"account": account_id, "name": name, "build": settings.BUILD})
    if not rows:
        yield Start()
        return
    is_ours, is_current, mark, virtual = rows[0][-4:]
    if not is_ours:
        yield Start(is_busy=True)
        return
    start = Start(is_build_current=is_current, key_mark=mark, virtual_now=virtual, send_lock=name)
    try:
        start.due = [Sendable(*row[:-4]) for row in rows]
        yield start
    finally:
        if start.send_lock:
            run(_UNLOCK, {"name": name})
