"""Our own order ids: 20 hex digits of the order's content, 12 of a keyed desk mark.

The content makes an id repeatable: the same order of the same cycle has the same id, so UNIQUE makes
it once. The mark lets a tool without the database recognise our orders at the venue.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from apps.core.domain.money import plain
from apps.orders.domain.drafts import OrderDraft

CONTENT_DIGITS: Final = 20
MARK_DIGITS: Final = 12
_FORM: Final = re.compile(r"[0-9a-f]{32}")


def content_of(draft: OrderDraft) -> str:
    """Return the text that the first 20 digits hash: origin, leg, attempt and terms."""
    parts = (
        draft.account_id, draft.bot_id, draft.config_id, draft.scheduled, draft.leg, draft.attempt,
        draft.instrument_id, draft.purpose, draft.side, draft.type, draft.time_in_force,
        *(plain(v) if v is not None else "" for v in (draft.amount, draft.price, draft.stop_price)),
        int(draft.post_only), int(draft.reduce_only),
    )  # fmt: skip
    return "\x1f".join(str(part) for part in (*parts, *_later_terms(draft)))


def _later_terms(draft: OrderDraft) -> list[str]:
    """Return the terms that came later, named, where they are set: older ids stay what they were."""
    decimals = {"trailing": draft.trailing_rate, "worst": draft.worst_price}
    terms = {name: plain(value) for name, value in decimals.items() if value is not None}
    if draft.expires_at is not None:
        terms["expires"] = draft.expires_at.isoformat()
    if draft.position_side:
        terms["position_side"] = draft.position_side
    if draft.is_amendment:
        terms["amends"] = str(draft.replaces_id)
    if draft.group_id is not None:
        terms["group"] = str(draft.group_id)
    return [f"{name}={value}" for name, value in terms.items()]


def client_order_id(*, draft: OrderDraft, key: str) -> str:
    """Return the order's id: 32 lower-case hex digits, the same for the same draft and key."""
    content = hashlib.sha256(content_of(draft).encode()).hexdigest()[:CONTENT_DIGITS]
    return content + _mark(content, key)


def bears_our_mark(client_order_id: str, key: str) -> bool:
    """Return whether an id seen at a venue was made with `key`."""
    if not _FORM.fullmatch(client_order_id):
        return False
    content, mark = client_order_id[:CONTENT_DIGITS], client_order_id[CONTENT_DIGITS:]
    return hmac.compare_digest(mark, _mark(content, key))


def _mark(content: str, key: str) -> str:
    return hmac.new(key.encode(), content.encode(), hashlib.sha256).hexdigest()[:MARK_DIGITS]
