"""The only module that calls ccxt's create and cancel. A call is sent once, never again."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from apps.core.domain.money import plain
from apps.venues.domain.reports import OrderReport, OrderTicket
from apps.venues.gateways.classify import RAISED, NoSuchOrder, classify
from apps.venues.gateways.errors import NeverSent, OutcomeUnknown
from apps.venues.gateways.families.base import Family
from apps.venues.gateways.reads import NOT_WHOLE, order_report

WINDOW_MS: Final = 4000
TIMEOUT_SECONDS: Final = 4.0


async def create(
    exchange: Any, traits: Family, ticket: OrderTicket, *, permit_at_ms: int
) -> OrderReport:
    """Send an order once and return what the venue says of it, fills included.

    The request is signed with the permit's time (epoch ms), so a late one is refused.

    :raises NeverSent: nothing left the process.
    :raises Rejected: the venue refused it; nothing happened.
    :raises RateLimited: the venue refused it for now; nothing happened.
    :raises OutcomeUnknown: it may have been accepted.
    """
    if traits.order_of is None:
        raise NeverSent("VENUE_NOT_TRADABLE", venue=exchange.id)
    words = traits.order_of(ticket)
    amount = plain(ticket.amount)
    _check_exact(exchange, ticket)
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            answer = await exchange.create_order(
                ticket.symbol, words.type, ticket.side, amount, words.price,
                words.params | traits.signed_with(permit_at_ms, WINDOW_MS),
            )  # fmt: skip
    except RAISED as error:
        named = classify(error, traits, is_order=True)
        if isinstance(named, NoSuchOrder):
            # no answer to a new order: it proves nothing about this one
            raise OutcomeUnknown(**named.context) from error
        raise named from error
    return _whole(exchange, traits, answer)


async def cancel(
    exchange: Any, traits: Family, symbol: str, client_order_id: str, *, at_ms: int
) -> OrderReport | None:
    """Cancel an order once; None when the venue knows no such open order.

    :raises VenueError: as `create`.
    """
    params = {traits.client_id_param: client_order_id}
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            answer = await exchange.cancel_order(
                client_order_id, symbol, params | traits.signed_with(at_ms, WINDOW_MS)
            )
    except RAISED as error:
        named = classify(error, traits, is_order=True)
        if isinstance(named, NoSuchOrder):
            return None
        raise named from error
    return _whole(exchange, traits, answer)


def _check_exact(exchange: Any, ticket: OrderTicket) -> None:
    """Refuse what ccxt would cut to the venue's step without a word."""
    amount = plain(ticket.amount)
    sent = exchange.decimal_to_precision(
        amount, 0, exchange.market(ticket.symbol)["precision"]["amount"], exchange.precisionMode
    )
    if sent != amount:
        raise NeverSent("AMOUNT_OFF_STEP", amount=amount, would_send=sent)
    for price in (ticket.price, ticket.stop_price):
        if price is None:
            continue
        sent = exchange.price_to_precision(ticket.symbol, plain(price))
        if sent != plain(price):
            raise NeverSent("PRICE_OFF_TICK", price=plain(price), would_send=sent)


def _whole(exchange: Any, traits: Family, answer: Any) -> OrderReport:
    """Return the report of an answer; an empty or cut one proves nothing."""
    try:
        return order_report(exchange, traits, answer)
    except NOT_WHOLE as error:
        raise OutcomeUnknown("ANSWER_NOT_WHOLE", message=str(answer)[:300]) from error
