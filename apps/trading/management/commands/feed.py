"""Run the feed: prices and order updates from every venue with active bots."""

from __future__ import annotations

import asyncio
import gc
import signal
from typing import Any

from django.core.management.base import BaseCommand

from apps.trading.feed.runner import Feed


class Command(BaseCommand):
    """Feed until SIGTERM or SIGINT."""

    help = __doc__
    # All checks would load the pages and the API, which this process never serves.
    requires_system_checks = ["tradingdesk"]

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the loop."""
        asyncio.run(self.feed())

    async def feed(self) -> None:
        """Follow the plan until told to stop."""
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        gc.freeze()
        await Feed().run(stopping)
