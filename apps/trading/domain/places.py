"""Where a bot stands in one instrument: what an order outside a cycle is made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from apps.core.domain.money import ZERO, nearest_to
from apps.orders.domain.exits import entry_position_side, exit_flags
from apps.risk.domain.forms import ProposedOrder, Reference, Rules


@dataclass(frozen=True, slots=True)
class Place:
    """A bot's books in one instrument; amounts in base units, `held` signed, prices quote per base.

    `quoted_at` is market time; `execution` the config's JSON text. `source_venue` is set when the
    price is another venue's: no ground for entries.
    """

    account_id: UUID
    bot_id: UUID
    config_id: UUID
    instrument_id: int
    symbol: str
    slug: str
    venue: str
    kind: str
    position_mode: str
    stage: str
    strategy: str
    state: str
    execution: str
    stop_loss: Decimal | None
    held: Decimal
    basis: Decimal
    rules: Rules
    last: Decimal | None
    quoted_at: datetime | None
    source_venue: str

    @property
    def pair(self) -> tuple[UUID, int]:
        """The bot and instrument."""
        return self.bot_id, self.instrument_id

    @property
    def exit_side(self) -> str:
        """The side that takes the holding away."""
        return "sell" if self.held > ZERO else "buy"

    def reference(self, at: datetime) -> Reference | None:
        """Return the last price with its age at market time `at`."""
        if self.last is None or self.quoted_at is None:
            return None
        age_seconds = max(0.0, (at - self.quoted_at).total_seconds())
        return Reference(self.last, age_seconds, self.source_venue)

    def flags(self, purpose: str, side: str) -> tuple[bool, str]:
        """Return `reduce_only` and `position_side` of an order of this place."""
        if purpose == "entry":
            mode = self.position_mode
            return False, entry_position_side(kind=self.kind, position_mode=mode, side=side)
        return exit_flags(kind=self.kind, position_mode=self.position_mode, side=side)


def leave(
    *, place: Place, amount: Decimal, at: datetime, worst_price: Decimal | None = None,
    limit: bool = False,
) -> ProposedOrder:  # fmt: skip
    """Return the order that takes `amount` of a holding away, at market or at the last price."""
    side = place.exit_side
    reduce_only, _ = place.flags("reduce", side)
    price = nearest_to(place.last, place.rules.price_tick) if limit and place.last else None
    return ProposedOrder(
        place.account_id, place.bot_id, place.instrument_id, "reduce", side,
        "limit" if price else "market", amount, price=price, reference=place.reference(at),
        reduce_only=reduce_only, worst_price=None if price else worst_price,
    )  # fmt: skip
