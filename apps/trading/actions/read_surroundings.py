"""Everything the judge needs for one order outside a cycle; call it with the books locked."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from apps.risk.domain.forms import BotScope, Exposure, Holding, Margin, StopSlots, Surroundings
from apps.risk.queries import effective_limits, trading_states
from apps.trading.domain.places import Place
from apps.trading.queries.books import PairBook, exposures, pair_books, stop_counts
from apps.trading.queries.margin import margins


def read_surroundings(
    *, place: Place, moment: datetime, without: Decimal = Decimal(0)
) -> tuple[Surroundings, PairBook]:
    """Return what surrounds an order of `place`, and its book; `moment` is market time.

    `without` = quote units reserved by an order that the new one replaces.
    """
    book = pair_books([place.pair])[place.pair]
    exposure = exposures(bot_ids=[place.bot_id], day=moment.date())
    scopes = {
        "desk": exposure.get(("desk", None)) or Exposure(),
        "account": exposure.get(("account", place.account_id)) or Exposure(),
        "bot": exposure.get(("bot", place.bot_id)) or Exposure(),
        "instrument": exposure.get(("instrument", place.instrument_id)) or Exposure(),
    }
    for scope in scopes.values():
        if scope.gross_cost is not None:
            scope.gross_cost -= without
    limits = effective_limits(
        bots=[(place.bot_id, place.account_id)], instrument_ids=[place.instrument_id]
    )
    where = BotScope(
        place.bot_id, place.account_id, place.venue, place.stage, place.strategy,
        (place.instrument_id,),
    )  # fmt: skip
    slots = stop_counts(place.account_id).get(place.instrument_id, 0)
    around = Surroundings(
        rules=place.rules,
        holding=Holding(book.amount, book.entering_cost - without, book.leaving, mark=place.last),
        exposure=scopes,
        limits=limits.get(place.pair),
        trading_state=trading_states(bots=[where])[place.bot_id].get(place.instrument_id),
        is_paused=place.state != "running",
        slots=StopSlots(slots),
        venue=place.venue,
        kind=place.kind,
        market_now=moment,
        margin=_margin(place),
    )
    return around, book


def _margin(place: Place) -> Margin | None:
    if place.kind != "linear":
        return None
    return margins(account_id=place.account_id, pairs=[place.pair]).get(place.pair)
