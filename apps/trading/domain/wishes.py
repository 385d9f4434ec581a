"""From opinions to wishes: what each bot wants to change of what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from json import loads
from typing import Final

from apps.bots.domain.execution import Execution, parse_execution
from apps.bots.domain.sizing import Protected, Sizing, parse_protection, parse_sizing
from apps.core.domain.money import ZERO
from apps.core.errors import DeskError
from apps.trading.domain.batch import Batch, BotRow, Code, Holding, InstrumentRow, Target
from apps.trading.domain.opinions import Opinion
from apps.trading.domain.sizing import Grounds, Sized, size

NOTHING: Final = Holding()
NO_TARGET: Final = Target()
TOLERANCE: Final = Decimal("0.005")


@dataclass(slots=True)
class Wish:
    """One bot's decision on one instrument; amounts in base units.

    `action`: NONE (flat and content), HOLD, ENTER, EXIT, or WAIT (a paused bot would enter).
    `new_target` is set when the memory changes; `order` is what became of ENTER and EXIT.
    """

    instrument: InstrumentRow
    exposure: float
    held: Holding
    target: Target
    action: str
    delta: Decimal = ZERO
    new_target: Target | None = None
    codes: list[Code] = field(default_factory=list)
    order: dict[str, str] | None = None


@dataclass(slots=True)
class Decision:
    """One bot's cycle: its wishes in the order of symbols, and how it ended."""

    bot: BotRow
    wishes: list[Wish]
    failed: bool = False
    codes: list[Code] = field(default_factory=list)
    is_silent: bool = False
    ordered: int = 0
    refused: int = 0


def decide(*, bot: BotRow, batch: Batch, opinions: Mapping[int, Opinion]) -> Decision:
    """Return the bot's decision on every instrument it trades or still holds.

    An instrument that left the config is wished away. A failed opinion fails the whole cycle.
    """
    failures = [o.code for o in opinions.values() if o.failed and o.code is not None]
    if failures:
        return Decision(bot, [], failed=True, codes=failures[:1])
    try:
        sizing, protection = terms(bot.sizing, bot.protection)
    except DeskError as error:
        return Decision(bot, [], failed=True, codes=[{"code": error.code}])
    holdings = batch.holdings.get(bot.bot_id, {})
    left = [i for i in holdings if i not in opinions and i in batch.instruments]
    wishes = []
    for instrument_id in sorted([*opinions, *left], key=lambda i: batch.instruments[i].symbol):
        opinion = opinions.get(instrument_id) or Opinion(
            exposure=0.0, code={"code": "INSTRUMENT_LEFT"}
        )
        wishes.append(_wish(bot, batch, instrument_id, opinion, sizing, protection))
    return Decision(bot, wishes)


def _wish(
    bot: BotRow, batch: Batch, instrument_id: int, opinion: Opinion, sizing: Sizing, protection: Protected
) -> Wish:  # fmt: skip
    instrument = batch.instruments[instrument_id]
    held = batch.holdings.get(bot.bot_id, {}).get(instrument_id, NOTHING)
    target = batch.targets.get(bot.bot_id, {}).get(instrument_id, NO_TARGET)
    wish = Wish(instrument, opinion.exposure, held, target, "HOLD")
    if opinion.code is not None:
        wish.codes.append(opinion.code)
    price = batch.prices.get(instrument_id)
    # NaN differs from itself: no opinion keeps the target
    if opinion.exposure == opinion.exposure and opinion.exposure != target.exposure:
        if price is None and opinion.exposure != 0.0:
            sized = Sized(ZERO, {"code": "PRICE_UNREADABLE"})
        else:
            grounds = Grounds(
                price.price if price else ZERO, batch.equity, instrument.rules, opinion.volatility,
                instrument.is_linear,
            )  # fmt: skip
            sized = size(
                exposure=opinion.exposure, sizing=sizing, protection=protection, grounds=grounds
            )
        if sized.code is not None:
            wish.codes.append(sized.code)
        wish.new_target = _new_target(target, opinion.exposure, sized)
    elif (
        protection.take_profit is not None
        and price is not None
        and abs(held.amount) >= instrument.rules.amount_step
    ):
        sign = 1 if held.amount > ZERO else -1
        goal = held.basis / held.amount * (1 + sign * protection.take_profit)
        if target.amount and sign * (price.price - goal) >= ZERO:
            wish.codes.append({"code": "TAKE_PROFIT"})
            wish.new_target = Target(target.exposure, ZERO, stopped_out=True)
    opening = batch.open_amounts.get(bot.bot_id, {}).get(instrument_id, ZERO)
    paused = bot.state == "paused"
    aim(wish, opening=opening, price=price.price if price else None, paused=paused)
    return wish


def _new_target(target: Target, exposure: float, sized: Sized) -> Target | None:
    """Return the target that an opinion sets.

    What could not be sized for want of a figure is asked again at the next close: the opinion is
    not remembered. Meanwhile nothing is entered, and the other side is left.
    """
    if sized.code is None or not sized.code["code"].endswith("_UNREADABLE"):
        return Target(exposure, sized.amount)
    if target.amount and (exposure > 0) != (target.amount > ZERO):
        return Target(target.exposure, ZERO)
    return None


def aim(wish: Wish, *, opening: Decimal, price: Decimal | None, paused: bool = False) -> None:
    """Set delta and action of a wish: target − held − `opening` (open entries minus exits).

    A difference that the venue would not take, or within half a percent of the target (a fee
    in the base asset leaves one), is none; so is what is left below the venue's minima. Who wants
    the other side leaves this one first, and enters when flat.
    """
    rules = wish.instrument.rules
    wanted = (wish.new_target or wish.target).amount
    current = wish.held.amount + opening
    least = rules.amount_step
    if price is not None and price > ZERO:
        least = max(least, rules.cost_min / price)
    aimed = ZERO if wanted * current < ZERO and abs(current) >= least else wanted
    delta = aimed - current
    grows = abs(aimed) > abs(current)
    small = abs(delta) < max(least, abs(aimed) * TOLERANCE)
    if small and opening == ZERO:
        wish.delta, wish.action = ZERO, "HOLD" if wanted else "NONE"
    elif small:
        wish.delta, wish.action = ZERO, "HOLD"
    elif grows and paused:
        wish.delta, wish.action = delta, "WAIT"
        wish.codes.append({"code": "BOT_PAUSED"})
    else:
        wish.delta, wish.action = delta, "ENTER" if grows else "EXIT"


@lru_cache(maxsize=4096)
def terms(sizing: str, protection: str) -> tuple[Sizing, Protected]:
    """Return sizing and protection from their JSON texts; bots share few different ones.

    :raises DeskError: the code names what does not fit.
    """
    return parse_sizing(loads(sizing)), parse_protection(loads(protection))


@lru_cache(maxsize=4096)
def execution_of(text: str) -> Execution:
    """Return the execution terms from their JSON text.

    :raises DeskError: the code names what does not fit.
    """
    return parse_execution(loads(text))
