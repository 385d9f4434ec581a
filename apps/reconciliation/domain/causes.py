"""From what was found to what probably happened and what would end it. Pure: evidence in, words out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import ZERO, plain
from apps.reconciliation.domain.differences import Difference

SILENT_SECONDS: Final = 5
ADOPTS: Final = frozenset(
    {"foreign_order", "unknown_order", "lost_order", "foreign_fill", "foreign_position"}
)


@dataclass(frozen=True, slots=True)
class Around:
    """What else is known while a difference is found; ages in whole seconds, None is never."""

    at: datetime
    environment: str = "simulated"
    stream_age: int | None = None
    restored_age: int | None = None
    # (kind, subject) of the account's other open cases
    open_keys: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A suspected cause in words, the proposed fix as now and after, and the evidence for both."""

    cause: str
    fix: dict[str, Any]
    evidence: list[dict[str, str]]


def explain(difference: Difference, around: Around) -> Explanation:
    """Return the cause, the fix and the evidence of a difference."""
    words = CAUSES[difference.kind](difference, around)
    return Explanation(words, propose(difference), _evidence(difference, around))


def propose(difference: Difference) -> dict[str, Any]:
    """Return the fix: `verb`, `now`, `after`, and who must agree (`needs`)."""
    verb, after, needs = _fix(difference)
    now = {k: v for k, v in difference.book.items() if k != "bots"} or {"books": "nothing"}
    return {"verb": verb, "now": now, "after": after, "needs": needs}


def _fix(difference: Difference) -> tuple[str, dict[str, Any], str]:
    venue = difference.venue
    if difference.kind == "balance":
        return "write_off", {"amount": venue["amount"]}, "a second person"
    if difference.kind in ADOPTS:
        told = {k: venue[k] for k in ("side", "amount", "price") if venue.get(k)}
        whose = f"an order of bot {venue['bot']}" if venue.get("bot") else "an order of a bot"
        return "adopt", {"books": whose, **told}, "a second person"
    if difference.kind == "status":
        if venue.get("status") == "absent":
            return "accept_venue", {"status": "canceled"}, "one person"
        return "heal", {"status": venue.get("status", "?")}, "nobody"
    if difference.kind in {"missing_fill", "unprotected"}:
        return "heal", dict(venue) or {"protected": difference.book.get("amount", "?")}, "nobody"
    return "resolve", {"books": "as they are, with a reason"}, "one person"


def _missing_fill(_difference: Difference, around: Around) -> str:
    if around.stream_age is None or around.stream_age > SILENT_SECONDS:
        return "The private stream was silent when it happened; the venue's list of fills told it."
    return "One message of the private stream was lost; the venue's list of fills told it."


def _unknown_order(_difference: Difference, around: Around) -> str:
    if around.restored_age is not None:
        return "The desk was restored from a backup that is older than this order."
    return "The order bears the desk's mark but has no row: another desk with the same mark key?"


def _lost_order(_difference: Difference, around: Around) -> str:
    if around.restored_age is not None:
        return (
            "Our own order is missing from the books: the desk was restored from an older backup."
        )
    return "Our own order is missing from the books: an older backup, or another desk with our key?"


def _status(difference: Difference, _around: Around) -> str:
    if difference.venue.get("status") == "absent":
        return (
            "The venue no longer knows the order: removed by hand, by a rule change or a delisting."
        )
    return "Our books ended the order too early; the venue still works it."


def _amount(difference: Difference, _around: Around) -> str:
    if difference.venue.get("amount") == "absent":
        return "The venue does not show a fill that we booked: it was busted, or told by mistake."
    return "The venue corrected the fill after we had booked it."


def _balance(difference: Difference, around: Around) -> str:
    if any(kind == "foreign_fill" for kind, _ in around.open_keys):
        return "It follows from the foreign fill on this account: settle that one first."
    if any(kind == "lost_order" for kind, _ in around.open_keys):
        return "It follows from our own orders that the books lack: settle those first."
    more = _number(difference.venue) > _number(difference.book)
    if more:
        return "A deposit, a reward or a transfer between wallets came in past the desk."
    return "A withdrawal, a transfer or a fee outside of trades left past the desk."


def _position(difference: Difference, around: Around) -> str:
    if difference.subject.endswith(" average"):
        return (
            "Same amount, other average: a fill's price differs or a fill is missing on both sides."
        )
    if any(kind in {"foreign_fill", "missing_fill", "lost_order"} for kind, _ in around.open_keys):
        return "It follows from fills that the desk has not booked: settle those first."
    smaller = abs(_number(difference.venue)) < abs(_number(difference.book))
    if smaller:
        return "Somebody reduced the position past the desk, or a withdrawal took part of it."
    return "Somebody added to the position past the desk, or a fill has not been heard yet."


def _unprotected(_difference: Difference, around: Around) -> str:
    if any(kind == "foreign_cancel" for kind, _ in around.open_keys):
        return "Its stop was cancelled at the venue past the desk."
    return "Its stop was refused, cancelled or never placed within 15 s of the last fill."


CAUSES: Final[Mapping[str, Callable[[Difference, Around], str]]] = {
    "missing_fill": _missing_fill,
    "unknown_order": _unknown_order,
    "lost_order": _lost_order,
    "foreign_order": lambda _d, _a: (
        "Somebody placed it past the desk: its id bears no mark of ours."
    ),
    "foreign_fill": lambda _d, _a: (
        "Somebody traded past the desk, by hand or with another program."
    ),
    "foreign_cancel": lambda _d, _a: (
        "Somebody cancelled our order at the venue; nobody here asked for it."
    ),
    "status": _status,
    "amount": _amount,
    "balance": _balance,
    "unprotected": _unprotected,
    "position": _position,
    "foreign_position": lambda _d, _a: "Somebody opened it past the desk: no bot holds it.",
    "fee": lambda _d, _a: "Another fee tier, a discount asset or a rebate than was told first.",
    "profit": lambda _d, _a: "The stored result does not follow from the venue's trades.",
    "funding": lambda _d, _a: "A funding payment was not heard or was changed by the venue.",
    "liquidation": lambda _d, _a: "The venue closed the position itself: margin was too small.",
}


def _evidence(difference: Difference, around: Around) -> list[dict[str, str]]:
    at = around.at.isoformat()
    rows = [
        {"at": at, "source": "venue", "what": _told(difference.venue) or "shows nothing of it"},
        {"at": at, "source": "our books", "what": _told(difference.book) or "have nothing of it"},
    ]
    if difference.kind in {"lost_order", "unknown_order"}:
        rows.append({"at": at, "source": "client order id", "what": _whose(difference.venue)})
    if around.stream_age is not None:
        words = f"last message of the private stream {around.stream_age} s before"
        rows.append({"at": at, "source": "stream", "what": words})
    if around.restored_age is not None:
        words = f"the desk was restored from a backup {around.restored_age} s before"
        rows.append({"at": at, "source": "backup", "what": words})
    return rows


def _whose(venue: Mapping[str, Any]) -> str:
    author = venue.get("author")
    if not author:
        return (
            "it bears the desk's mark; of which bot its content is cannot be shown from the books"
        )
    return (
        f"it bears the desk's mark, and its content is the hash of {author['leg']} of bot"
        f" {author['bot']}, {author['scheduled']}, attempt {author['attempt']}"
    )


def _told(values: Mapping[str, Any]) -> str:
    plain_ones = {k: v for k, v in values.items() if not isinstance(v, (list, dict)) and v != ""}
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in plain_ones.items())


def _number(values: Mapping[str, Any]) -> Decimal:
    return Decimal(values.get("amount") or 0)


def difference_of(*, book: Mapping[str, Any], venue: Mapping[str, Any]) -> str:
    """Return venue − book of an amount as plain text."""
    there = venue.get("amount")
    if there == "absent":
        there = ZERO
    return plain(Decimal(there or 0) - _number(book))
