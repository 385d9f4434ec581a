"""Runs cards one after the other; each cleans up after itself, whatever became of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from apps.core.errors import DeskError
from apps.golive.cards.bench import Bench, Card, CardSkipped

CARD_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one card: `passed`, `failed` or `skipped`, and why."""

    card: int
    name: str
    result: str
    detail: str = ""

    def row(self) -> dict[str, Any]:
        """Return it as stored."""
        return asdict(self)


async def run(bench: Bench, cards: Sequence[Card]) -> AsyncIterator[Outcome]:
    """Yield the outcome of each card as it comes."""
    for card in cards:
        if why := card.missing(bench):
            yield Outcome(card.number, card.name, "skipped", why)
        else:
            yield await _one(bench, card)


async def _one(bench: Bench, card: Card) -> Outcome:
    result, detail = "passed", ""
    try:
        async with asyncio.timeout(CARD_SECONDS):
            await bench.look()
            await card.run(bench)
    except CardSkipped as error:
        result, detail = "skipped", str(error)
    except (DeskError, TimeoutError, AssertionError, ValueError, LookupError) as error:
        result, detail = "failed", f"{type(error).__name__}: {error}"[:500]
    try:
        async with asyncio.timeout(CARD_SECONDS):
            await bench.clean()
    except (DeskError, TimeoutError, ValueError) as error:
        result, detail = "failed", f"{detail} left behind: {error}".strip()[:500]
    return Outcome(card.number, card.name, result, detail)
