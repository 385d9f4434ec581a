"""Close what a bot holds, by hand."""

from __future__ import annotations

from uuid import UUID

from apps.core.actor import Actor
from apps.core.domain.money import ZERO, floor_to
from apps.core.errors import Conflict
from apps.trading.actions.place_manual import Placed, check_reason, place_manual, place_of
from apps.trading.domain.manual import ManualTerms
from apps.trading.queries.books import pair_books


def close_position(
    *, actor: Actor, bot_id: UUID, instrument_id: int, reason: str, request_id: str = "",
    dry_run: bool = False,
) -> Placed:  # fmt: skip
    """Sell (or buy back) all that is held and not already leaving, at market with the bot's guard.

    The same `request_id` closes once. Needs no second person, on real money neither.

    :raises Conflict: `NOTHING_TO_CLOSE`.
    """
    check_reason(reason)
    place = place_of(bot_id, instrument_id)
    book = pair_books([place.pair])[place.pair]
    amount = floor_to(abs(place.held) - book.leaving, place.rules.amount_step)
    if amount <= ZERO:
        raise Conflict("NOTHING_TO_CLOSE", bot=place.slug, symbol=place.symbol)
    terms = ManualTerms(
        instrument_id, place.exit_side, "market", amount, reduce_only=True,
        request_id=request_id or f"close:{place.held}:{book.stop_id}",
    )  # fmt: skip
    return place_manual(actor=actor, bot_id=bot_id, terms=terms, reason=reason, dry_run=dry_run)
