"""The only module that calls ccxt's create, edit and cancel. A call is sent once, never again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from decimal import Decimal
from functools import partial
from typing import Any, Final, TypeVar

from apps.core.domain.money import plain
from apps.venues.domain.reports import OrderReport, OrderTicket
from apps.venues.domain.wire_record import Verb
from apps.venues.gateways.classify import RAISED, NoSuchOrder, classify
from apps.venues.gateways.errors import NeverSent, OutcomeUnknown
from apps.venues.gateways.families.base import Family, Terms, Wanted
from apps.venues.gateways.reads import NOT_WHOLE, order_report, pair_reports
from apps.venues.gateways.wire import Signing, about, bare, departures, signing

T = TypeVar("T")
WINDOW_MS: Final = 4000
TIMEOUT_SECONDS: Final = 4.0


async def create(exchange: Any, traits: Family, ticket: OrderTicket, terms: Terms) -> OrderReport:
    """Send an order once and return what the venue says of it, fills included.

    The request is signed with the permit's time (`terms.at_ms`), so a late one is refused.

    :raises NeverSent: nothing left the process.
    :raises Rejected: the venue refused it; nothing happened.
    :raises RateLimited: the venue refused it for now; nothing happened.
    :raises OutcomeUnknown: it may have been accepted.
    """
    if traits.order_of is None:
        raise NeverSent("VENUE_NOT_TRADABLE", venue=exchange.id)
    words = traits.order_of(ticket, terms)
    amount = _contracts(ticket.amount, terms)
    _check_exact(exchange, ticket, amount)
    # an answer that tells the whole order is read by the family alone
    reading = bare() if traits.accepted is None else nullcontext()
    async with _once(traits, "create", ticket.client_order_id, at_ms=terms.at_ms):
        with reading:
            answer = await exchange.create_order(
            ticket.symbol, words.type, ticket.side, amount, words.price,
            words.params | traits.signed_with(terms.at_ms, WINDOW_MS),
        )  # fmt: skip
    if traits.accepted is not None:
        accepted = traits.accepted
        return _whole(lambda _, raw: accepted(raw["info"], ticket, terms), exchange, answer)
    read = _reader(traits, is_apart=traits.apart is not None and ticket.type in traits.apart.types)
    return _whole(read, exchange, answer)


async def create_pair(
    exchange: Any, traits: Family, stop: OrderTicket, target: OrderTicket, terms: Terms
) -> list[OrderReport]:
    """Send a stop and a target of which the venue cancels the other; both or none is accepted.

    :raises VenueError: as `create`.
    """
    if traits.pair_of is None or traits.read_pair is None:
        raise NeverSent("VENUE_HAS_NO_PAIRS", venue=exchange.id)
    call = traits.pair_of(stop, target, terms)
    for ticket in (stop, target):
        _check_exact(exchange, ticket, _contracts(ticket.amount, terms))
    async with _once(traits, "group", stop.client_order_id, target.client_order_id):
        send: Callable[..., Any] = getattr(exchange, call.method)
        answer = await send(call.params | traits.signed_with(terms.at_ms, WINDOW_MS))
    return _whole(lambda ex, raw: pair_reports(ex, traits, raw), exchange, answer)


async def edit(
    exchange: Any, traits: Family, ticket: OrderTicket, replaced: Wanted, terms: Terms
) -> OrderReport:
    """Change an open order of ours (`replaced`) to a ticket's terms.

    :raises VenueError: as `create`; `Rejected` also when the venue no longer has it open.
    """
    if traits.edit_of is None:
        raise NeverSent("VENUE_HAS_NO_EDIT", venue=exchange.id)
    words = traits.edit_of(ticket, replaced, terms)
    amount = _contracts(ticket.amount, terms)
    _check_exact(exchange, ticket, amount)
    ids = (ticket.client_order_id, replaced.client_order_id)
    async with _once(traits, "edit", *ids, absent_is_refusal=True):
        answer = await exchange.edit_order(
            words.id, ticket.symbol, words.type, ticket.side, amount, words.price,
            words.params | traits.signed_with(terms.at_ms, WINDOW_MS),
        )  # fmt: skip
    return _whole(_reader(traits, is_apart=False), exchange, answer)


async def cancel(exchange: Any, traits: Family, order: Wanted, *, at_ms: int) -> OrderReport | None:
    """Cancel an order once; None when the venue knows no such open order.

    :raises VenueError: as `create`.
    """
    params = order.params(traits) | traits.signed_with(at_ms, WINDOW_MS)
    try:
        async with _once(traits, "cancel", order.client_order_id, absent_is_refusal=True):
            answer = await exchange.cancel_order(order.id, order.symbol, params)
    except NoSuchOrder:
        return None
    return _whole(_reader(traits, is_apart=order.is_apart), exchange, answer)


async def cancel_acknowledged(exchange: Any, traits: Family, order: Wanted, terms: Terms) -> bool:
    """Cancel an order at a venue that answers with ids only; whether it took the request.

    Each list that may hold the order is tried; false when none knows such an open order.

    :raises VenueError: as `create`.
    """
    calls: list[Callable[[], Any]] = [
        partial(getattr(exchange, call.method), call.params)
        for call in (traits.cancel_of(order, terms) if traits.cancel_of else ())
    ] or [partial(exchange.cancel_order, order.id, order.symbol, order.params(traits))]
    for call in calls:
        try:
            async with _once(
                traits, "cancel", order.client_order_id,
                absent_is_refusal=True, at_ms=terms.at_ms,
            ):  # fmt: skip
                _whole(lambda _, raw: traits.acknowledged(raw), exchange, await call())
        except NoSuchOrder:
            continue
        return True
    return False


async def sweep(
    exchange: Any, traits: Family, symbol: str, *, at_ms: int, is_apart: bool = False
) -> list[OrderReport]:
    """Cancel all open orders of a symbol; empty also where the venue does not name them.

    :raises VenueError: as `create`.
    """
    params = dict(traits.apart.params) if is_apart and traits.apart else {}
    try:
        async with _once(traits, "cancel", absent_is_refusal=True):
            answers = await exchange.cancel_all_orders(
                symbol, params | traits.signed_with(at_ms, WINDOW_MS)
            )
    except NoSuchOrder:
        return []
    read = _reader(traits, is_apart=is_apart)
    found: list[OrderReport] = []
    for answer in answers or ():
        if answer.get("id"):
            found.append(_whole(read, exchange, answer))
        elif traits.read_pair is not None:
            pair = _whole(lambda ex, raw: pair_reports(ex, traits, raw), exchange, answer["info"])
            found.extend(pair)
    return found


@asynccontextmanager
async def _once(
    traits: Family, verb: Verb, *client_order_ids: str, absent_is_refusal: bool = False,
    at_ms: int | None = None,
) -> AsyncIterator[None]:  # fmt: skip
    """Send within the deadline and name what was raised; `at_ms` is when the permit was given."""
    how = _signing(traits, at_ms) if at_ms is not None else Signing()
    with departures() as left, about(verb, *client_order_ids), signing(how):
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                yield
        except RAISED as error:
            named = classify(error, traits, is_order=True, has_left=bool(left))
            if isinstance(named, NoSuchOrder) and not absent_is_refusal:
                # no answer to a new order: it proves nothing about this one
                raise OutcomeUnknown(**named.context) from error
            raise named from error


def _signing(traits: Family, at_ms: int) -> Signing:
    return Signing(
        nonce_ms=at_ms if traits.signs_at_nonce else None,
        expires_ms=at_ms + WINDOW_MS,
        headers=traits.headers_with(at_ms, WINDOW_MS),
    )


def _contracts(amount: Decimal, terms: Terms) -> str:
    return plain(amount / terms.contract_size)


def _check_exact(exchange: Any, ticket: OrderTicket, amount: str) -> None:
    """Refuse what ccxt would cut to the venue's step without a word."""
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


def _reader(traits: Family, *, is_apart: bool) -> Callable[[Any, Any], OrderReport]:
    return lambda exchange, answer: order_report(exchange, traits, answer, is_apart=is_apart)


def _whole(read: Callable[[Any, Any], T], exchange: Any, answer: Any) -> T:
    """Return the report of an answer; an empty or cut one proves nothing."""
    try:
        return read(exchange, answer)
    except NOT_WHOLE as error:
        raise OutcomeUnknown("ANSWER_NOT_WHOLE", message=str(answer)[:300]) from error
