"""A sender in a process of its own, on an exchange that says on stdout what reaches it.

`python -m tests.races.stopped_sender ACCOUNT PAUSE` sends what is recorded; within the call it waits
PAUSE seconds, so that the test can stop the process there.
"""

from __future__ import annotations

import asyncio
import sys
from uuid import UUID

import django

# the test's own environment names its databases
django.setup()

from apps.orders.actions import send_orders as sending  # noqa: E402 - needs the set-up above
from apps.portfolio.actions.absorb import absorb  # noqa: E402
from apps.venues import gateways  # noqa: E402
from tests.fakes.venue import FakeVenue  # noqa: E402


def main() -> None:
    account, pause = UUID(sys.argv[1]), float(sys.argv[2])
    venue = FakeVenue()
    accept = venue.accept

    async def create_order(ticket, *, permit_at_ms):
        report = accept(ticket)
        print(f"accepted {ticket.client_order_id}", flush=True)
        await asyncio.sleep(pause)
        return report

    venue.create_order = create_order
    gateways.gateway = lambda credentials: venue
    sending.PAUSE_SECONDS = 0
    summary = sending.send_orders(account_id=account)
    absorb(account_id=account)
    print(f"sent {len(summary.sent)} old {summary.old_build}", flush=True)


main()
