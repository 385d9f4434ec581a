"""What came over the wire: ccxt's errors keep the venue's own answer, and calls are recorded."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from apps.core.clock import now
from apps.core.scrubbing import HIDDEN, is_suspect, scrub, scrub_text
from apps.venues.domain.wire_record import ANSWER_MAX, ERROR_MAX, URL_MAX, Verb, WireRecord
from apps.venues.gateways.ccxt_lazy import ccxt_errors

log = structlog.get_logger(__name__)
_COLLECTED: Final[ContextVar[list[WireRecord] | None]] = ContextVar("collected", default=None)
_ABOUT: Final[ContextVar[tuple[Verb, tuple[str, ...]] | None]] = ContextVar("about", default=None)
_DEPARTED: Final[ContextVar[list[str] | None]] = ContextVar("departed", default=None)
_SIGNED: Final[ContextVar[Signing | None]] = ContextVar("signed", default=None)
_BARE: Final[ContextVar[bool]] = ContextVar("bare", default=False)
_ANSWERED: Final[ContextVar[list[Answer] | None]] = ContextVar("answered", default=None)


@dataclass(frozen=True, slots=True)
class Signing:
    """How the requests of an order call are signed: at which time, until when, with what.

    `nonce_ms` replaces ccxt's clock (epoch ms); `expires_ms` is when the venue must refuse it.
    """

    nonce_ms: int | None = None
    expires_ms: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


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


@contextlib.contextmanager
def collect() -> Iterator[list[WireRecord]]:
    """Collect what crosses the wire about orders while the block runs, tasks started in it too.

    Works around `loop.call` as well as inside a coroutine.
    """
    records: list[WireRecord] = []
    token = _COLLECTED.set(records)
    try:
        yield records
    finally:
        _COLLECTED.reset(token)


@contextlib.contextmanager
def about(verb: Verb, *client_order_ids: str) -> Iterator[None]:
    """Say what the requests of this block are about; only such requests are recorded."""
    token = _ABOUT.set((verb, client_order_ids))
    try:
        yield
    finally:
        _ABOUT.reset(token)


@contextlib.contextmanager
def departures() -> Iterator[list[str]]:
    """Give the methods of the requests that left in this block; none means nothing was sent."""
    methods: list[str] = []
    token = _DEPARTED.set(methods)
    try:
        yield methods
    finally:
        _DEPARTED.reset(token)


@contextlib.contextmanager
def signing(how: Signing) -> Iterator[None]:
    """Sign the requests of this block as `how` says."""
    token = _SIGNED.set(how)
    try:
        yield
    finally:
        _SIGNED.reset(token)


@contextlib.contextmanager
def bare() -> Iterator[None]:
    """Let ccxt not parse the orders in this block's answers: the family's reader does."""
    token = _BARE.set(True)
    try:
        yield
    finally:
        _BARE.reset(token)


def signed_until() -> int | None:
    """Return until when the venue may take a request of this block, epoch ms."""
    how = _SIGNED.get()
    return how.expires_ms if how else None


def scrubbed(text: str, secrets: tuple[str, ...]) -> str:
    """Return a URL, form or JSON body without signature, key and passphrase."""
    for secret in filter(None, secrets):
        if secret in text:
            text = text.replace(secret, HIDDEN)
    if not is_suspect(text):
        return text
    if text[:1] in {"{", "["}:
        try:
            return json.dumps(scrub(json.loads(text)), separators=(",", ":"))
        except ValueError:
            pass
    return scrub_text(text)


class Wired:
    """A mix-in over a ccxt.pro class: errors carry their answer, messages may be tapped.

    `tap` sees every WebSocket message first; what it takes (True) goes no further.
    """

    tap: Callable[[Any, Any], bool] | None = None
    unsent_headers: frozenset[str] = frozenset()

    def nonce(self) -> Any:
        """Return ccxt's clock, or the time that the block signs at."""
        how = _SIGNED.get()
        if how is not None and how.nonce_ms is not None:
            return how.nonce_ms
        return super().nonce()  # type: ignore[misc]

    def spawn(self, method: Any, *rest: Any) -> Any:
        """Run what ccxt does beside a call; a failure of it is told, since nobody awaits it."""
        future = super().spawn(method, *rest)  # type: ignore[misc]
        future.add_done_callback(_tell_failure)
        return future

    def _headers(self, headers: Any) -> Any:
        how = _SIGNED.get()
        more = dict(how.headers) if how else {}
        if not more and not self.unsent_headers:
            return headers
        kept = {k: v for k, v in (headers or {}).items() if k not in self.unsent_headers}
        return kept | more

    async def fetch(
        self, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        """Send a request as ccxt does; record it when it is about an order and somebody collects."""
        if (departed := _DEPARTED.get()) is not None:
            departed.append(method)
        headers = self._headers(headers)
        into, subject = _COLLECTED.get(), _ABOUT.get()
        if into is None or subject is None:
            return await super().fetch(url, method, headers, body)  # type: ignore[misc]
        answers: list[Answer] = []
        token = _ANSWERED.set(answers)
        started_at, started, error = now(), time.monotonic(), ""
        try:
            return await super().fetch(url, method, headers, body)  # type: ignore[misc]
        except BaseException as raised:
            error = type(raised).__name__
            raise
        finally:
            _ANSWERED.reset(token)
            secrets = tuple(str(getattr(self, name, "") or "") for name in SECRETS)
            answer = answers[0] if answers else None
            into.append(
                WireRecord(
                    verb=subject[0],
                    client_order_ids=subject[1],
                    method=method,
                    url=scrubbed(url, secrets)[:URL_MAX],
                    request=scrubbed(str(body or ""), secrets)[:ANSWER_MAX],
                    status=answer.status if answer else None,
                    answer=scrubbed(answer.body, secrets)[:ANSWER_MAX] if answer else "",
                    error=error[:ERROR_MAX],
                    started_at=started_at,
                    duration_ms=(time.monotonic() - started) * 1000,
                )
            )

    def handle_errors(self, code: int, reason: str, *rest: Any) -> Any:
        """Let ccxt judge the answer, then pin the answer to the error it raises."""
        url, method, headers, body = rest[:4]
        answer = Answer(code, dict(headers or {}), body or "")
        if (answers := _ANSWERED.get()) is not None:
            answers.append(answer)
        try:
            super().handle_errors(code, reason, *rest)  # type: ignore[misc]
            self.handle_http_status_code(code, reason, url, method, body)  # type: ignore[attr-defined]
        except ccxt_errors.BaseError as error:
            error.venue_answer = answer
            raise

    def parse_order(self, order: Any, market: Any = None) -> Any:
        """Parse as ccxt does, or leave the row as it came where only the row is read."""
        return {"info": order} if _BARE.get() else super().parse_order(order, market)  # type: ignore[misc]

    def handle_message(self, client: Any, message: Any) -> None:
        """Offer the message to the tap, then to ccxt."""
        if self.tap is None or not self.tap(client, message):
            super().handle_message(client, message)  # type: ignore[misc]


def _tell_failure(done: asyncio.Future[Any]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        log.warning("venue.spawned_task_failed", error=repr(error)[:300])


# names under which a ccxt exchange keeps what nobody may read
SECRETS: Final = ("apiKey", "secret", "password", "privateKey", "walletAddress", "uid", "token")
