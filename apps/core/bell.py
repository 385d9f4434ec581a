"""The wake-up bell: tells live screens that something changed. It carries names, never state."""

from __future__ import annotations

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

log = structlog.get_logger(__name__)
GROUP = "bell"


async def aring(*topics: str) -> None:
    """Ring for `topics` from a coroutine; a bell that cannot ring loses nothing."""
    layer = get_channel_layer()
    try:
        await layer.group_send(GROUP, {"type": "bell.rang", "topics": sorted(set(topics))})
    except OSError as error:
        log.info("bell.silent", error=str(error))


def ring(*topics: str) -> None:
    """Ring for `topics` after a commit, from synchronous code."""
    async_to_sync(aring)(*topics)
