"""A client of the control face of the simulated exchange: recordings, clock, books, faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import requests

from apps.core.errors import DeskError

_NOBODY: Final = "Nobody answers there; SIMULATOR_PORT or SIMULATOR_URL says where it is."


class ExchangeUnreachable(DeskError):
    """The simulated exchange does not answer now; it may be restarting."""

    default_code = "EXCHANGE_UNREACHABLE"
    status = 503


@dataclass(frozen=True, slots=True)
class AccountTotals:
    """What the exchange has for one account: trades so far, and orders still open."""

    trades: int
    open_orders: int


@dataclass(frozen=True, slots=True)
class ExchangeState:
    """Clock in epoch ms, totals by account name, and whether the recording is over."""

    clock_ms: int
    accounts: dict[str, AccountTotals]
    is_done: bool
    body: dict[str, Any]


class ExchangeControl:
    """A keep-alive client of `/sim/v1/`. Every call may be repeated."""

    def __init__(self, *, url: str, token: str = "") -> None:
        self._url = url.rstrip("/") + "/sim/v1/"
        self._session = requests.Session()
        if token:
            self._session.headers["X-Simulator-Token"] = token

    def load(self, body: dict[str, Any]) -> dict[str, Any]:
        """Load recorded candles; answers the range that will be played."""
        return self._call("POST", "candles", body)

    def advance(self, *, to_ms: int) -> ExchangeState:
        """Move the virtual clock to `to_ms`; a no-op when it is there already."""
        return self._state(self._call("POST", "advance", {"to": to_ms}))

    def state(self) -> ExchangeState:
        """Return clock, totals and balances."""
        return self._state(self._call("GET", "state"))

    def trades(self, *, account: str) -> list[dict[str, Any]]:
        """Return the exchange's own complete list of an account's trades."""
        answer: list[dict[str, Any]] = self._call("GET", f"trades?account={account}")["trades"]
        return answer

    def faults(self) -> dict[str, Any]:
        """Return `armed` (what is left of each fault) and `knobs` (what there is to arm)."""
        return self._call("GET", "faults")

    def arm(self, terms: dict[str, Any]) -> dict[str, Any]:
        """Arm a fault; answers what it did at once, if anything, and what is armed now.

        :raises DeskError: with the exchange's code when it makes no sense.
        """
        return self._call("POST", "faults", terms)

    def disarm(self, *, number: int | None = None, account: str = "") -> dict[str, Any]:
        """Disarm one fault, those of an account, or all.

        :raises DeskError: `NO_SUCH_FAULT`.
        """
        terms = {} if number is None else {"id": number}
        return self._call("DELETE", "faults", terms | ({"account": account} if account else {}))

    @staticmethod
    def _state(body: dict[str, Any]) -> ExchangeState:
        totals = {
            name: AccountTotals(trades=int(found["trades"]), open_orders=int(found["open_orders"]))
            for name, found in body["accounts"].items()
        }
        return ExchangeState(int(body["clock"]), totals, bool(body["done"]), body)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = self._session.request(method, self._url + path, json=body, timeout=20)
        except requests.RequestException as error:
            raise ExchangeUnreachable(path=path, url=self._url, message=_NOBODY) from error
        if answer.status_code >= 500:
            raise ExchangeUnreachable(path=path, url=self._url, status=answer.status_code)
        content: dict[str, Any] = answer.json()
        if answer.status_code >= 400:
            raise _refusal(answer.status_code, content, path)
        return content


def _refusal(status: int, content: dict[str, Any], path: str) -> DeskError:
    """Return the exchange's refusal as one of ours, with the same code and status."""
    context = {name: value for name, value in content.items() if name != "code"}
    context.setdefault("message", f"The exchange refuses: {content}")
    refusal = DeskError(str(content.get("code", "EXCHANGE_REFUSED")), **context | {"path": path})
    refusal.status = status
    return refusal
