"""The venue's word on perpetuals, on a schedule: positions every 20 s, funding after each hour."""

from __future__ import annotations

from uuid import UUID

import structlog
from celery import shared_task

from apps.portfolio.actions.poll_perpetuals import poll_funding, poll_venue_positions
from apps.portfolio.queries import perpetual_accounts
from apps.venues.gateways.errors import VenueError

log = structlog.get_logger(__name__)


@shared_task(name="portfolio.positions", expires=20)
def positions(account_id: str | None = None) -> None:
    """Ask for the positions of one account; without an id, of every account with perpetuals."""
    if account_id is None:
        for account in perpetual_accounts():
            positions.apply_async((str(account),), expires=20)
        return
    try:
        poll_venue_positions(account_id=UUID(account_id))
    except (VenueError, TimeoutError) as error:
        log.warning("positions.unreadable", account=account_id, error=str(error))


@shared_task(name="portfolio.funding", expires=20)
def funding(account_id: str | None = None) -> None:
    """Ask for the funding of one account where it is due; without an id, of every account."""
    if account_id is None:
        for account in perpetual_accounts():
            funding.apply_async((str(account),), expires=20)
        return
    try:
        poll_funding(account_id=UUID(account_id))
    except (VenueError, TimeoutError) as error:
        log.warning("funding.unreadable", account=account_id, error=str(error))
