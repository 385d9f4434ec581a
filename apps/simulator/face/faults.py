"""Faults on request: each imitates one way in which a real exchange or the way to it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from apps.core.errors import InvalidInput

IMITATES: Final[dict[str, str]] = {
    "delay": "a slow network or a loaded exchange: the answer comes `ms` later",
    "timeout_before_accept": "the request is lost on its way; nothing happens, no answer comes",
    "timeout_after_accept": "the answer is lost on its way; the request took effect",
    "http_503": "overload: 503 with -1008, nothing happens",
    "http_503_unknown": "a gateway gives up: 503 with an ambiguous body, the request took effect",
    "status_unknown": "408 with -1007, the request took effect",
    "rate_limited": "too many requests: 429 with Retry-After `ms`/1000",
    "banned": "the address is banned: 418 with Retry-After `ms`/1000",
    "empty_answer": "an empty 200, the request took effect",
    "drop_stream": "every WebSocket is cut at once",
    "mute_stream": "silent socket: the next `count` stream messages are lost",
    "duplicate_stream": "the next `count` user events are sent twice",
}
AT_ONCE: Final = frozenset({"drop_stream"})
BEFORE: Final = frozenset({"delay", "timeout_before_accept", "http_503", "rate_limited", "banned"})


@dataclass(slots=True)
class Fault:
    """`count` more calls that fail; `path` `*` means all, an empty account means anybody's."""

    kind: str
    count: int = 1
    method: str = "POST"
    path: str = "/api/v3/order"
    account: str = ""
    ms: int = 0

    def fits(self, *, method: str, path: str, account: str) -> bool:
        """Return whether this fault strikes that call."""
        return (
            self.count > 0
            and self.method in {method, "*"}
            and self.path in {path, "*"}
            and self.account in {account, ""}
        )


class Faults:
    """The faults that are armed."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def arm(self, wanted: dict[str, Any]) -> Fault:
        """Arm a fault.

        :raises InvalidInput: `UNKNOWN_FAULT`, `BAD_FAULT`.
        """
        if wanted.get("kind") not in IMITATES:
            raise InvalidInput("UNKNOWN_FAULT", field="kind", known=sorted(IMITATES))
        try:
            fault = Fault(**wanted)
        except TypeError as error:
            raise InvalidInput("BAD_FAULT", message=str(error)) from error
        self._armed.append(fault)
        return fault

    def clear(self) -> None:
        """Disarm everything."""
        self._armed.clear()

    def strike(self, *, method: str, path: str, account: str) -> Fault | None:
        """Return the fault that hits this call and count it down."""
        for fault in self._armed:
            if not fault.kind.endswith("_stream") and fault.fits(
                method=method, path=path, account=account
            ):
                fault.count -= 1
                return fault
        return None

    def strike_stream(self, kind: str) -> bool:
        """Return whether the next stream message is hit by a fault of `kind`, counting it down."""
        for fault in self._armed:
            if fault.kind == kind and fault.count > 0:
                fault.count -= 1
                return True
        return False

    def listing(self) -> list[dict[str, Any]]:
        """Return what is armed and what it imitates."""
        return [
            {"kind": f.kind, "count": f.count, "path": f.path, "imitates": IMITATES[f.kind]}
            for f in self._armed
            if f.count > 0
        ]
