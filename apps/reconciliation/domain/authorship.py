"""Which bot an order of ours came from, proven by its client order id alone.

The id hashes the order's content (`orders/domain/client_ids.py`). An order that a backup does not
hold is made again from what the venue shows and each bot's configs: the one that hashes to the same
id is the order that was sent, terms and all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from apps.core.domain.money import plain
from apps.core.domain.timeframes import TIMEFRAME_MS, open_ms
from apps.orders.domain.client_ids import client_order_id
from apps.orders.domain.drafts import OrderDraft

# an order may be sent some time after the candle that it was decided at
CLOSES: Final = 3
ATTEMPTS: Final = 4
NOBODY: Final = UUID(int=0)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A bot of the account: its config versions with their timeframes, and since when it held."""

    bot_id: UUID
    slug: str
    configs: tuple[tuple[UUID, str], ...]
    held_since: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """An order as the venue shows it; amounts in base, prices in quote units, times epoch ms.

    `fills_ms` are the moments of fills on its symbol that our books lack: a position that its own
    entry opened began at one of them.
    """

    account_id: UUID
    instrument_id: int
    symbol: str
    side: str
    type: str
    amount: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    position_side: str
    at_ms: int
    trailing_rate: Decimal | None = None
    fills_ms: tuple[int, ...] = ()


def author(*, name: str, seen: Seen, suspects: Iterable[Suspect], key: str) -> Author | None:
    """Return whose order `name` is, None when nothing that we can make again hashes to it.

    Cycles and exits of a position can be proven; a request by hand has an id nobody can guess.
    """
    for suspect in suspects:
        for draft in _drafts(seen, suspect):
            if client_order_id(draft=draft, key=key) == name:
                return Author(suspect.slug, draft)
    return None


@dataclass(frozen=True, slots=True)
class Author:
    """The bot and the order as it was recorded, as far as its id hashes it."""

    slug: str
    draft: OrderDraft

    def told(self) -> dict[str, Any]:
        """Return it as JSON: what `adopt` writes into the order's row."""
        draft = self.draft
        return {
            "bot": self.slug, "bot_id": str(draft.bot_id), "config_id": str(draft.config_id),
            "scheduled": draft.scheduled, "leg": draft.leg, "attempt": draft.attempt,
            "purpose": draft.purpose, "type": draft.type, "reduce_only": draft.reduce_only,
            "position_side": draft.position_side,
            **{
                term: "" if value is None else plain(value)
                for term, value in (
                    ("price", draft.price), ("stop_price", draft.stop_price),
                    ("worst_price", draft.worst_price), ("trailing_rate", draft.trailing_rate),
                )
            },
        }  # fmt: skip


def _moment(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


def _drafts(seen: Seen, suspect: Suspect) -> Iterator[OrderDraft]:
    held = [str(at) for at in suspect.held_since] + [str(_moment(ms)) for ms in seen.fills_ms]
    for config_id, timeframe in suspect.configs:
        last = open_ms(seen.at_ms, timeframe)
        for back in range(CLOSES):
            close = _moment(last - back * TIMEFRAME_MS[timeframe]).isoformat()
            for purpose in ("entry", "reduce"):
                terms = {"purpose": purpose, "scheduled": close}
                yield from _made(seen, suspect, config_id, terms, purpose)
        for since in held:
            for purpose, role in (("protect", "protect"), ("protect", "target"), ("reduce", "reduce")):  # fmt: skip
                for attempt in range(ATTEMPTS):
                    words = {"purpose": purpose, "scheduled": f"position:{since}"}
                    yield from _made(seen, suspect, config_id, words | {"attempt": attempt}, role)


def _made(
    seen: Seen, suspect: Suspect, config_id: UUID, terms: dict[str, Any], role: str
) -> Iterator[OrderDraft]:
    at = _moment(seen.at_ms)
    sides = {seen.position_side, ""}
    for words in _words(seen):
        for reduce_only in (False, True):
            for position_side in sorted(sides):
                yield OrderDraft(
                    verdict_id=NOBODY, account_id=seen.account_id, bot_id=suspect.bot_id,
                    config_id=config_id, instrument_id=seen.instrument_id, side=seen.side,
                    amount=seen.amount, decided_at=at, send_by=at, leg=f"{seen.symbol}:{role}",
                    reduce_only=reduce_only, position_side=position_side, **words, **terms,
                )  # fmt: skip


def _words(seen: Seen) -> list[dict[str, Any]]:
    """Return as which orders of ours the venue's could have been sent: a guard goes as a limit."""
    if seen.type == "limit":
        return [
            {"type": "market", "worst_price": seen.price},
            {"type": "limit", "price": seen.price},
        ]
    if seen.type == "trailing_stop_market":
        return [{"type": seen.type, "trailing_rate": seen.trailing_rate}]
    return [{"type": seen.type, "price": seen.price, "stop_price": seen.stop_price}]
