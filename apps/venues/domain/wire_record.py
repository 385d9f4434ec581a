"""One request about an order and its answer as they crossed the wire, secrets removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Verb = Literal["create", "cancel", "edit", "query", "group"]
ANSWER_MAX: Final = 4000
URL_MAX: Final = 300
ERROR_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class WireRecord:
    """What left this process for a venue and what came back.

    `client_order_ids` name the orders it was about (a group has several). `url`, `request` and
    `answer` hold no key, signature nor passphrase; `status` is None when no answer came, and
    `error` then says why. `started_at` is real time; `duration_ms` covers request and answer.
    """

    verb: Verb
    client_order_ids: tuple[str, ...]
    method: str
    url: str
    request: str
    status: int | None
    answer: str
    error: str
    started_at: datetime
    duration_ms: float
