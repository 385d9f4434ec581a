"""Which daily-loss limits have been reached; a pure function of results and limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from apps.core.domain.money import ZERO

Scope = tuple[str, str]


@dataclass(frozen=True, slots=True)
class DayOfBot:
    """A bot's day: `result` = realised + unrealised after fees since midnight UTC, quote units."""

    bot_id: UUID
    account_id: UUID
    result: Decimal | None


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit seen reached: loss ≥ limit, quote units."""

    scope: Scope
    loss: Decimal
    limit: Decimal


def losses(days: Iterable[DayOfBot]) -> dict[Scope, Decimal]:
    """Return scope → loss (positive when money was lost) of each bot, account and the desk.

    A bot whose result cannot be told (no price) leaves its own figure out and the sums at what is
    known: a breaker trips on what is proved, the judge refuses entries for the rest.
    """
    found: dict[Scope, Decimal] = {}
    for day in days:
        if day.result is None:
            continue
        for scope in (("desk", ""), ("account", str(day.account_id)), ("bot", str(day.bot_id))):
            found[scope] = found.get(scope, ZERO) - day.result
    return found


def breaches(*, losses: Mapping[Scope, Decimal], limits: Mapping[Scope, Decimal]) -> list[Breach]:
    """Return the limits that have been reached, in a fixed order."""
    return [
        Breach(scope, losses[scope], limit)
        for scope, limit in sorted(limits.items())
        if scope in losses and losses[scope] >= limit
    ]
