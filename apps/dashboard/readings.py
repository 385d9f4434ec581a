"""One reading of a topic serves every socket of this process for a moment."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from channels.db import database_sync_to_async

from apps.core.clock import now
from apps.dashboard.topics import TOPICS, split

Reading = tuple[str, dict[str, Any]]
SHARED_SHARE = 0.4
_kept: dict[str, tuple[float, Reading]] = {}
_locks: dict[str, asyncio.Lock] = {}


async def read_topic(name: str, *, since: float = 0.0) -> Reading:
    """Return when `name` was read (RFC 3339) and its flat content, at most a moment old.

    A reading that began before `since` (monotonic seconds: the last bell) is not used.
    """
    async with _locks.setdefault(name, asyncio.Lock()):
        found = split(name)
        assert found is not None
        kind, subject = found
        topic = TOPICS[kind]
        kept = _kept.get(name)
        oldest = max(since, time.monotonic() - topic.every_seconds * SHARED_SHARE)
        if kept is not None and kept[0] >= oldest:
            return kept[1]
        started, at = time.monotonic(), now().isoformat()
        live = await database_sync_to_async(topic.read)(subject)
        reading = (at, live.flat())
        _kept[name] = (started, reading)
        _forget_old()
        return reading


def _forget_old() -> None:
    horizon = time.monotonic() - 60
    for name in [name for name, (at, _) in _kept.items() if at < horizon]:
        del _kept[name]
        if name in _locks and not _locks[name].locked():
            del _locks[name]
