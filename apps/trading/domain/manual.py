"""What a person asks for by hand, and the proposal it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from apps.core.domain.money import ZERO, plain
from apps.core.errors import InvalidInput
from apps.risk.domain.checks.numbers import usable_price
from apps.risk.domain.forms import ProposedOrder
from apps.trading.domain.places import Place
from apps.trading.domain.protection import worst_price
from apps.trading.domain.wishes import execution_of


@dataclass(frozen=True, slots=True)
class ManualTerms:
    """An order by hand: amount in base units, prices in quote per base, `expires_at` market time.

    `request_id` names the request: the same one places one order, however often it comes.
    """

    instrument_id: int
    side: str
    type: str
    amount: Decimal
    request_id: str
    price: Decimal | None = None
    stop_price: Decimal | None = None
    trailing_rate: Decimal | None = None
    time_in_force: str = "GTC"
    post_only: bool = False
    reduce_only: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GroupTerms:
    """Exits by hand for what a bot holds (`entry` None), or for what `entry` will buy.

    `stop_price` or `trailing_rate` and `target_price`; what is left out, the bot's config says.
    """

    instrument_id: int
    request_id: str
    stop_price: Decimal | None = None
    target_price: Decimal | None = None
    trailing_rate: Decimal | None = None
    entry: ManualTerms | None = None

    def as_texts(self) -> dict[str, str]:
        """Return the exits as a group stores them."""
        values = {
            "stop_price": self.stop_price,
            "target_price": self.target_price,
            "trailing_rate": self.trailing_rate,
        }
        return {name: format(value, "f") for name, value in values.items() if value is not None}


def purpose_of(*, place: Place, terms: ManualTerms) -> str:
    """Return `reduce` for what takes a holding away (on spot every sale), else `entry`."""
    if terms.reduce_only or (place.kind == "spot" and terms.side == "sell"):
        return "reduce"
    return "entry"


def propose_manual(*, place: Place, terms: ManualTerms, at: datetime) -> ProposedOrder:
    """Return the proposal; a market order gets the bot's slippage guard.

    :raises InvalidInput: `SIDE_UNKNOWN`, `REQUEST_ID_MISSING`.
    """
    if terms.side not in {"buy", "sell"}:
        raise InvalidInput("SIDE_UNKNOWN", field="side", value=terms.side, known=["buy", "sell"])
    if not terms.request_id.strip():
        raise InvalidInput("REQUEST_ID_MISSING", field="request_id")
    purpose = purpose_of(place=place, terms=terms)
    guard = None
    if terms.type == "market":
        rate = execution_of(place.execution).slippage_rate(purpose)
        tick = place.rules.price_tick
        guard = worst_price(side=terms.side, arrival=place.last, rate=rate, tick=tick)
    return ProposedOrder(
        place.account_id, place.bot_id, place.instrument_id, purpose, terms.side, terms.type,
        terms.amount, price=terms.price, stop_price=terms.stop_price,
        time_in_force=terms.time_in_force, reduce_only=place.flags(purpose, terms.side)[0],
        reference=place.reference(at), post_only=terms.post_only,
        trailing_rate=terms.trailing_rate, worst_price=guard, expires_at=terms.expires_at,
    )  # fmt: skip


def check_price(*, place: Place, field: str, value: Decimal) -> None:
    """Demand a price that a market can have, on the instrument's tick, quote per base.

    :raises InvalidInput: `NOT_A_NUMBER`, `PRICE_OFF_TICK`, with the tick.
    """
    if not usable_price(value):
        raise InvalidInput("NOT_A_NUMBER", field=field, value=plain(value))
    tick = place.rules.price_tick
    if value % tick:
        raise InvalidInput("PRICE_OFF_TICK", field=field, value=plain(value), limit=plain(tick))


def check_group(*, place: Place, terms: GroupTerms) -> str:
    """Return the side of the group's exits when they stand where exits can.

    The stop never risks more than the bot's config; it loses and the target wins against the
    price of reference: the entry's limit, else the last price.

    :raises InvalidInput: `GROUP_EMPTY`, `GROUP_WITHOUT_POSITION`, `GROUP_STOP_TWICE`,
        `GROUP_PRICE_UNREADABLE`, `GROUP_WRONG_SIDE`, `STOP_LOOSER_THAN_CONFIG`; with what would pass;
        `NOT_A_NUMBER`, `PRICE_OFF_TICK` as `check_price` has it.
    """
    if not terms.as_texts():
        raise InvalidInput("GROUP_EMPTY", field="stop_price")
    if terms.stop_price is not None and terms.trailing_rate is not None:
        raise InvalidInput("GROUP_STOP_TWICE", field="trailing_rate")
    if terms.entry is None and abs(place.held) < place.rules.amount_step:
        raise InvalidInput("GROUP_WITHOUT_POSITION", field="instrument", value=place.symbol)
    for field in ("stop_price", "target_price"):
        if (value := getattr(terms, field)) is not None:
            check_price(place=place, field=field, value=value)
    price = (terms.entry.price if terms.entry else None) or place.last
    if price is None or price <= ZERO:
        raise InvalidInput("GROUP_PRICE_UNREADABLE", field="instrument", value=place.symbol)
    is_long = place.held > ZERO if terms.entry is None else terms.entry.side == "buy"
    sign = 1 if is_long else -1
    for field, wanted in (("stop_price", -sign), ("target_price", sign)):
        value = getattr(terms, field)
        if value is not None and (value - price) * wanted <= 0:
            words = f"{'>' if wanted > 0 else '<'} {plain(price)}"
            raise InvalidInput("GROUP_WRONG_SIDE", field=field, value=value, would_pass=words)
    _refuse_looser(place, terms, price, sign)
    return "sell" if is_long else "buy"


def _refuse_looser(place: Place, terms: GroupTerms, price: Decimal, sign: int) -> None:
    most = place.stop_loss
    if most is None:
        return
    if terms.trailing_rate is not None and terms.trailing_rate > most:
        raise InvalidInput(
            "STOP_LOOSER_THAN_CONFIG",
            field="trailing_rate",
            value=terms.trailing_rate,
            would_pass=most,
        )
    entry = place.basis / place.held if terms.entry is None and place.held else price
    loosest = entry * (1 - sign * most)
    if terms.stop_price is not None and (terms.stop_price - loosest) * sign < 0:
        raise InvalidInput(
            "STOP_LOOSER_THAN_CONFIG", field="stop_price", value=terms.stop_price,
            would_pass=f"{'>=' if sign > 0 else '<='} {plain(loosest)}",
        )  # fmt: skip
