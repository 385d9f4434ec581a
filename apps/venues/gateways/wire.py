"""What came over the wire: ccxt's errors keep the venue's own answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from apps.venues.gateways.ccxt_lazy import ccxt_errors


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer of a venue."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    def json(self) -> dict[str, Any]:
        """Return the body's object, or an empty one when it is no JSON object."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def header(self, name: str) -> str:
        """Return a header, whatever its case."""
        return next((v for k, v in self.headers.items() if k.lower() == name.lower()), "")


def answer_of(error: BaseException) -> Answer | None:
    """Return the venue's answer behind a ccxt error; None when there was none."""
    found = getattr(error, "venue_answer", None)
    return found if isinstance(found, Answer) else None


class Wired:
    """A mix-in over a ccxt.pro class: errors carry their answer, messages may be tapped.

    `tap` sees every WebSocket message first; what it takes (True) goes no further.
    """

    tap: Callable[[Any, Any], bool] | None = None

    def handle_errors(self, code: int, reason: str, *rest: Any) -> Any:
        """Let ccxt judge the answer, then pin the answer to the error it raises."""
        url, method, headers, body = rest[:4]
        answer = Answer(code, dict(headers or {}), body or "")
        try:
            super().handle_errors(code, reason, *rest)  # type: ignore[misc]
            self.handle_http_status_code(code, reason, url, method, body)  # type: ignore[attr-defined]
        except ccxt_errors.BaseError as error:
            error.venue_answer = answer
            raise

    def handle_message(self, client: Any, message: Any) -> None:
        """Offer the message to the tap, then to ccxt."""
        if self.tap is None or not self.tap(client, message):
            super().handle_message(client, message)  # type: ignore[misc]
