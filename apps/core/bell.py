"""The wake-up bell: tells live screens that something changed. It carries names, never state."""

from __future__ import annotations

from functools import partial

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
GROUP = "bell"


async def aring(*topics: str) -> None:
    """Ring for `topics` from a coroutine; a bell that cannot ring loses nothing."""
    layer = get_channel_layer()
    try:
        await layer.group_send(GROUP, {"type": "bell.rang", "topics": sorted(set(topics))})
    except (OSError, RedisError) as error:
        log.info("bell.silent", error=str(error))


def ring(*topics: str) -> None:
    """Ring for `topics` after a commit, from synchronous code."""
    async_to_sync(aring)(*topics)


def ring_after_commit(*topics: str) -> None:
    """Ring for `topics` once the open transaction is committed; at once where there is none."""
    transaction.on_commit(partial(ring, *topics))
