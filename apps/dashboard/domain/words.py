"""Refusal, restriction and error codes in words: why a bot did or did not trade."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apps.dashboard.domain.sentences import (
    CONFIG_SENTENCES,
    ORDER_SENTENCES,
    PERPETUAL_SENTENCES,
    PLACE_SENTENCES,
)

SENTENCES: Final[dict[str, str]] = {
    # restrictions and states
    "HALT": "Halted by a person.",
    "HALTED": "Trading is halted here, so no order may be sent.",
    "REDUCING": "Only exits are allowed here at the moment; new entries are refused.",
    "BOT_PAUSED": "The bot is paused: it keeps its exits and stops, but makes no new entries.",
    "NOT_RECONCILED": "The account's books have to equal the venue's before it may enter.",
    "FOREIGN_ACTIVITY": "Somebody trades by hand on this account, so only exits are allowed.",
    # what could not be read
    "STALE_DATA": "The candles were too old or missing, so nothing was decided on them.",
    "STALE_PRICE": "The latest price was too old to rely on.",
    "PRICE_FROM_ELSEWHERE": "The price came from another venue: good for exits, not for entries.",
    "PRICE_UNREADABLE": "There is no price to judge the order by.",
    "LIMITS_UNREADABLE": "The limits could not be read, so the entry was refused.",
    "LIMIT_MISSING": "A limit is not set; without it nothing is entered.",
    "STATE_UNREADABLE": "The trading state could not be read, so the entry was refused.",
    "EXPOSURE_UNREADABLE": "The present exposure could not be read, so the entry was refused.",
    "RULES_UNREADABLE": "The venue's rules for this instrument are not known.",
    "EQUITY_UNREADABLE": "The equity could not be read, so nothing could be sized.",
    "VOLATILITY_UNREADABLE": "The volatility could not be measured, so nothing could be sized.",
    "MARKETS_UNREADABLE": "The venue's list of instruments could not be read.",
    # limits
    "DAILY_LOSS": "The loss of today reached its limit.",
    "ORDER_COST": "The order would cost more than one order may.",
    "POSITION_COST": "The position would become larger than its limit.",
    "GROSS_EXPOSURE": "All positions and open entries together would pass their limit.",
    "OPEN_ORDERS": "Too many orders would be open at once.",
    "PRICE_COLLAR": "The price is too far from the market.",
    "STOP_SLOTS": "The venue allows no further stop order on this instrument.",
    # the venue's rules
    "AMOUNT_BELOW_MINIMUM": "The amount is below the venue's minimum.",
    "COST_BELOW_MINIMUM": "The order is worth less than the venue's minimum.",
    "SIZE_BELOW_MINIMUM": "The change is too small for the venue's minimum, so it waits.",
    "AMOUNT_OFF_STEP": "The amount does not fit the venue's step.",
    "PRICE_OFF_TICK": "The price does not fit the venue's tick.",
    "NOT_POSITIVE": "An amount or a price is not above zero.",
    "INSTRUMENT_NOT_TRADABLE": "The instrument is not tradable at the venue now.",
    "AMOUNT_ABOVE_POSITION": "The exit is larger than what is held.",
    "REDUCE_EXCEEDS_POSITION": "All exits together would be larger than what is held.",
    "PROTECT_EXCEEDS_POSITION": "All stops together would be larger than what is held.",
    "INSTRUMENT_LEFT": "The config no longer trades this instrument, so what is held of it leaves.",
    # strategies
    "AGAINST_WEEKLY_TREND": "The entry goes against the weekly trend.",
    "TOO_FEW_CANDLES": "There are not enough candles yet for this strategy.",
    "STRATEGY_FAILED": "The strategy failed on this candle.",
    "STRATEGY_VERSION_DIFFERS": "The strategy's code is not the one the config pins.",
    # the way to the venue
    "CANCEL_REQUESTED": "A cancel was asked for before it was sent.",
    "REPLACED_ORDER_FILLED": "The stop it was to replace had filled, so it was not sent.",
    "PERMIT_UNAVAILABLE": "The send permit was not given in time; it is tried again.",
    "NEVER_SENT": "It provably never reached the venue.",
    "OUTCOME_UNKNOWN": "The venue has not told what became of it.",
    "RATE_LIMITED": "The venue asked to slow down.",
    "REJECTED": "The venue refused it.",
    # cases
    "CASE_CLOSED": "The case is over already.",
    "CASE_HEALS_ITSELF": "The difference is still there. The case closes by itself when it is gone.",
    "CASE_NOT_THIS_WAY": "A case of this kind cannot be ended in this way.",
    "VENUE_NOT_PROVEN": "The order is too young: its absence proves nothing yet. Try again in a minute.",
    "STILL_FOREIGN": "Settle every foreign case, and wait for the next clean comparison.",
    "NOT_RESTRICTED": "Nothing restricts this account any more.",
    "BROKER_SILENT": "The workers cannot be asked now. The schedule compares all the same.",
    "ORDER_OF_OTHER_BOT": "The order's id names the bot that sent it, and it is another one.",
    "BOT_OF_OTHER_ACCOUNT": "The bot trades on another account.",
    "NOTHING_TO_WRITE_OFF": "There is no difference left to write off.",
    "PERIOD_INVALID": "The period is not one of whole days, a year at most.",
    # people and forms
    "REQUIRES_CHANGE_REQUEST": "This widens risk, so it needs a change request that other people approve.",
    "NOT_PERMITTED": "Your role does not allow this.",
    "REASON_REQUIRED": "Say why: the reason is kept in the audit.",
    "REASON_MISSING": "Say why: the reason is kept in the audit.",
    "BOT_ILLEGAL_STEP": "The bot's state does not allow this step now.",
    "BOT_CHANGED": "Somebody changed the bot meanwhile. Look again.",
    "BOT_HAS_NO_CONFIG": "The bot has no config version yet.",
    "BOT_WITHOUT_CONFIG": "The bot has no config version yet.",
    "BOT_IS_ACTIVE": "The bot must be stopped first.",
    "BOT_IS_ENGAGED": "The bot still holds something or has an order under way.",
    "SLUG_TAKEN": "This short name is taken.",
    "SLUG_INVALID": "A short name has lower-case letters, digits and hyphens.",
    "HALT_NOT_VERIFIED": "The halt is still being carried out; it can be released when its accounts are verified.",
    "GATES_NOT_PASSED": "Not every gate passes, so nobody can approve it yet.",
    "CONTENT_CHANGED": "The content changed since it was asked for; the request is void.",
    "REQUEST_ALREADY_OPEN": "There is already an open request for this.",
    "REQUEST_CLOSED": "The request is no longer open.",
    "VOTE_BY_REQUESTER": "Who asks for a change cannot vote on it.",
    "VOTE_BY_EDITOR": "Who wrote a part of it cannot vote on it.",
    "VOTE_BY_MACHINE": "Only people vote.",
    "VOTE_NO_ROLE": "Your role does not vote.",
    "VOTE_TWICE": "You have voted on this already.",
    "VOTE_NEEDS_COMMENT": "A vote needs a comment.",
    "VOTE_CONTENT_MISMATCH": "The page showed another content than the one to be voted on.",
    "STAGE_AT_TOP": "It is at the top of the ladder.",
    "STAGE_NEEDS_OTHER_ACCOUNT": "This stage needs an account of another environment.",
    "LIMIT_NOT_RAISED": "This is not above the present limit.",
    "PARAMETER_OUT_OF_RANGE": "This is out of its range.",
    "NOT_A_NUMBER": "This is not a number.",
    "KEY_DOES_NOT_SIGN": "The venue refuses this key or its signature.",
    "KEYS_MISSING": "The account has no keys yet.",
    **ORDER_SENTENCES,
    **PERPETUAL_SENTENCES,
    **CONFIG_SENTENCES,
    **PLACE_SENTENCES,
}  # fmt: skip


def sentence(code: str) -> str:
    """Return the sentence for `code`; a code without one is at least readable."""
    return SENTENCES.get(code) or f"{code.replace('_', ' ').capitalize()}."


def explain(refusal: Mapping[str, Any] | str) -> str:
    """Return a refusal as words: its sentence and the values it carries."""
    if isinstance(refusal, str):
        return sentence(refusal)
    text = sentence(str(refusal.get("code", "")))
    values = (
        {**refusal, **nested} if isinstance(nested := refusal.get("values"), Mapping) else refusal
    )
    told = ", ".join(
        f"{key.replace('_', ' ')} {value}"
        for key, value in values.items()
        if key not in {"code", "message", "symbol", "values"} and value not in (None, "")
    )
    symbol = f"{refusal['symbol']}: " if refusal.get("symbol") else ""
    return f"{symbol}{text} ({told})" if told else f"{symbol}{text}"
