"""Refusal and restriction codes in words: why a bot did or did not trade."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

SENTENCES: Final[dict[str, str]] = {
    "HALT": "Halted by a person.",
    "HALTED": "Trading is halted here, so no order may be sent.",
    "REDUCING": "Only exits are allowed here at the moment; new entries are refused.",
    "TRADING_HALTED": "Trading is halted here, so no order may be sent.",
    "TRADING_REDUCING": "Only exits are allowed here at the moment; new entries are refused.",
    "PAUSED": "The bot is paused: it keeps its exits and stops, but makes no new entries.",
    "BOT_PAUSED": "The bot is paused: it keeps its exits and stops, but makes no new entries.",
    "NOT_RECONCILED": "The account has not been compared with the venue yet; entries wait for it.",
    "DAILY_LOSS": "The loss of today reached its limit.",
    "STALE_DATA": "The candles were too old or missing, so nothing was decided on them.",
    "STALE_PRICE": "The latest price was too old to rely on.",
    "NO_PRICE": "There is no price to judge the order by.",
    "NO_REFERENCE": "There is no price to judge the order by.",
    "NO_LIMITS": "No limits are set for this bot and instrument; without limits nothing is entered.",
    "LIMITS_MISSING": "No limits are set for this bot and instrument; without limits nothing is entered.",
    "STATE_UNKNOWN": "The trading state could not be read, so the entry was refused.",
    "EXPOSURE_UNKNOWN": "The present exposure could not be read, so the entry was refused.",
    "RESULT_UNKNOWN": "The result of today could not be read, so the entry was refused.",
    "ORDER_COST": "The order would cost more than one order may.",
    "POSITION_COST": "The position would become larger than its limit.",
    "GROSS_EXPOSURE": "All positions and open entries together would pass their limit.",
    "OPEN_ORDERS": "Too many orders would be open at once.",
    "PRICE_COLLAR": "The price is too far from the market.",
    "DATA_AGE": "The price is older than an entry may rely on.",
    "AMOUNT_MIN": "The amount is below the venue's minimum.",
    "AMOUNT_BELOW_MINIMUM": "The amount is below the venue's minimum.",
    "COST_MIN": "The order is worth less than the venue's minimum.",
    "COST_BELOW_MINIMUM": "The order is worth less than the venue's minimum.",
    "AMOUNT_STEP": "The amount does not fit the venue's step.",
    "PRICE_TICK": "The price does not fit the venue's tick.",
    "NOT_TRADABLE": "The instrument is not tradable at the venue now.",
    "INSTRUMENT_UNKNOWN": "The venue's rules for this instrument are not known.",
    "EXCEEDS_HOLDING": "The exit is larger than what is held.",
    "STOP_ORDERS": "The venue allows no further stop order on this instrument.",
    "STOP_SLOTS": "The venue allows no further stop order on this instrument.",
    "AGAINST_WEEKLY_TREND": "The entry goes against the weekly trend.",
    "NOT_ENOUGH_CANDLES": "There are not enough candles yet for this strategy.",
    "WARMING_UP": "There are not enough candles yet for this strategy.",
    "STRATEGY_ERROR": "The strategy failed; the bot was set to failed.",
    "STRATEGY_FAILED": "The strategy failed; the bot was set to failed.",
    "BELOW_MINIMUM": "The change is too small for the venue's minimum, so it waits.",
    "OPEN_ORDER": "An order of this bot is still on its way, so this one waits.",
    "MARKET_LATE": "The decision came too late for its candle.",
    "REQUIRES_CHANGE_REQUEST": "This widens risk, so it needs a change request that other people approve.",
    "NOT_PERMITTED": "Your role does not allow this.",
    "BOT_ILLEGAL_STEP": "The bot's state does not allow this step now.",
}


def sentence(code: str) -> str:
    """Return the sentence for `code`; a code without one is at least readable."""
    return SENTENCES.get(code) or f"{code.replace('_', ' ').capitalize()}."


def explain(refusal: Mapping[str, Any] | str) -> str:
    """Return a refusal as words: its sentence and the values it carries."""
    if isinstance(refusal, str):
        return sentence(refusal)
    values = {
        key: value for key, value in refusal.items() if key not in {"code", "message"} and value not in (None, "")
    }  # fmt: skip
    if isinstance(values.get("values"), Mapping):
        values = dict(values["values"])
    text = sentence(str(refusal.get("code", "")))
    told = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in values.items())
    return f"{text} ({told})" if told else text
