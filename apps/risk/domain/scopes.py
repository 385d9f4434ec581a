"""Which restrictions bind whom: scopes are (kind, id) pairs, ids as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from apps.risk.domain.forms import BotScope
from apps.risk.domain.restrictions import strictest

Scope = tuple[str, str]
DESK: Scope = ("desk", "")


@dataclass(frozen=True, slots=True)
class InForce:
    """A restriction that has not been lifted."""

    id: UUID
    scope: Scope
    state: str
    code: str
    flatten: bool = False


def scopes_of(bot: BotScope) -> tuple[Scope, ...]:
    """Return every scope that binds all instruments of `bot`."""
    return (
        DESK,
        ("stage", bot.stage),
        ("venue", bot.venue),
        ("account", str(bot.account_id)),
        ("strategy", bot.strategy),
        ("bot", str(bot.bot_id)),
    )


def by_scope(restrictions: Iterable[InForce]) -> dict[Scope, list[InForce]]:
    """Return the restrictions grouped by their scope."""
    grouped: dict[Scope, list[InForce]] = {}
    for restriction in restrictions:
        grouped.setdefault(restriction.scope, []).append(restriction)
    return grouped


def states_of(*, bot: BotScope, restrictions: Mapping[Scope, Sequence[InForce]]) -> dict[int, str]:
    """Return instrument id → trading state of `bot`; the strictest of all scopes wins."""
    binding = [r.state for scope in scopes_of(bot) for r in restrictions.get(scope, ())]
    base = strictest(binding)
    return {
        instrument_id: strictest(
            [base, *(r.state for r in restrictions.get(("instrument", str(instrument_id)), ()))]
        )
        for instrument_id in bot.instrument_ids
    }
