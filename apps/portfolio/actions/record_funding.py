"""Record funding payments: into the ledger, and shared among the bots that held the perpetual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction

from apps.core.bell import ring_after_commit
from apps.core.clock import from_ms, now
from apps.core.ids import new_id
from apps.marketdata.queries import instrument_ids
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.actions.absorb_lock import absorb_lock
from apps.portfolio.actions.post_entries import Posting, post_entries
from apps.portfolio.domain.funding import share_funding
from apps.portfolio.domain.ledger import lines_of_funding
from apps.portfolio.queries import held_before
from apps.venues.domain.reports import FundingReport
from apps.venues.models import VenueAccount

log = structlog.get_logger(__name__)
_PAYMENTS: Final = """
INSERT INTO portfolio_fundingpayment (id, account_id, instrument_id, venue_id, asset, amount, rate,
    at, recorded_at)
SELECT p.id, %s, p.instrument_id, p.venue_id, p.asset, p.amount, p.rate, p.at, %s
FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::text[], %s::numeric[], %s::numeric[],
    %s::timestamptz[]) p(id, instrument_id, venue_id, asset, amount, rate, at)
ON CONFLICT (account_id, instrument_id, venue_id) DO NOTHING
RETURNING id
"""
_SHARES: Final = """
INSERT INTO portfolio_fundingshare (payment_id, bot_id, amount)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::numeric[])
"""
_POSITIONS: Final = """
UPDATE portfolio_position p SET funding = p.funding + s.amount, updated_at = %s
FROM (SELECT bot_id, instrument_id, sum(amount) AS amount
      FROM unnest(%s::uuid[], %s::int[], %s::numeric[]) x(bot_id, instrument_id, amount)
      GROUP BY 1, 2) s
WHERE p.bot_id = s.bot_id AND p.instrument_id = s.instrument_id
"""
_DAYS: Final = """
INSERT INTO portfolio_dailyresult AS r (bot_id, day, realised_profit, fees, funding, fills)
SELECT bot_id, day, 0, 0, sum(amount), 0
FROM unnest(%s::uuid[], %s::date[], %s::numeric[]) x(bot_id, day, amount)
GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (bot_id, day) DO UPDATE SET funding = r.funding + excluded.funding
"""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment about to be recorded; `amount` in `asset`, negative when paid; `at` market time."""

    id: UUID
    instrument_id: int
    venue_id: str
    asset: str
    amount: Decimal
    rate: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Share:
    """A bot's part of a payment."""

    payment: Payment
    bot_id: UUID
    amount: Decimal


def record_funding(*, account_id: UUID, reports: Sequence[FundingReport]) -> int:
    """Record the payments that are new and return how many; a known one changes nothing.

    Facts that wait are absorbed first, so that the holdings at the payments' time are known. A
    payment that nobody held for goes to the ledger unshared: an invariant tells it.
    """
    if not reports:
        return 0
    absorb(account_id=account_id)
    with transaction.atomic():
        absorb_lock(account_id=account_id)
        at = now()
        new = _insert(account_id, _payments(account_id, reports), at)
        shares = [share for payment in new for share in _shares(account_id, payment)]
        _write(shares, at)
        postings = [
            Posting("funding", p.at, lines_of_funding(asset=p.asset, amount=p.amount), note=p.venue_id)
            for p in new
        ]  # fmt: skip
        post_entries(account_id=account_id, postings=postings, at=at)
        if new:
            ring_after_commit("positions")
    return len(new)


def _payments(account_id: UUID, reports: Sequence[FundingReport]) -> list[Payment]:
    venue, environment = VenueAccount.objects.values_list("venue", "environment").get(pk=account_id)
    ids = instrument_ids(
        venue=venue, environment=environment, symbols={report.symbol for report in reports}
    )
    for symbol in sorted({report.symbol for report in reports} - ids.keys()):
        log.error("funding.unknown_instrument", account=str(account_id), symbol=symbol)
    return [
        Payment(new_id(), ids[r.symbol], r.venue_id, r.asset, r.amount, r.rate, from_ms(r.at_ms))
        for r in reports
        if r.symbol in ids
    ]


def _insert(account_id: UUID, payments: Sequence[Payment], at: datetime) -> list[Payment]:
    if not payments:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _PAYMENTS,
            [
                account_id, at, [p.id for p in payments], [p.instrument_id for p in payments],
                [p.venue_id for p in payments], [p.asset for p in payments],
                [p.amount for p in payments], [p.rate for p in payments], [p.at for p in payments],
            ],
        )  # fmt: skip
        new = {row[0] for row in cursor.fetchall()}
    return [payment for payment in payments if payment.id in new]


def _shares(account_id: UUID, payment: Payment) -> list[Share]:
    holdings = held_before(
        account_id=account_id, instrument_id=payment.instrument_id, at=payment.at
    )
    is_hedged = VenueAccount.objects.filter(pk=account_id, position_mode="hedge").exists()
    shared = share_funding(
        amount=payment.amount, rate=payment.rate, holdings=holdings, by_side=is_hedged
    )
    if not shared and payment.amount:
        log.error("funding.unshared", account=str(account_id), payment=payment.venue_id)
    return [Share(payment, bot_id, amount) for bot_id, amount in sorted(shared.items())]


def _write(shares: Sequence[Share], at: datetime) -> None:
    if not shares:
        return
    bots, amounts = [share.bot_id for share in shares], [share.amount for share in shares]
    instruments = [share.payment.instrument_id for share in shares]
    with connection.cursor() as cursor:
        cursor.execute(_SHARES, [[share.payment.id for share in shares], bots, amounts])
        cursor.execute(_POSITIONS, [at, bots, instruments, amounts])
        cursor.execute(_DAYS, [bots, [share.payment.at.date() for share in shares], amounts])
