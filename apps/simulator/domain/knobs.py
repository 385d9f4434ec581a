"""Every way to make the exchange, or the way to it, fail: one table, read by all faces of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

# When a knob strikes: a call before or after it took effect, the way it is carried out, what a
# read shows, a stream message, everything at the moment it is armed, or from then until cleared.
BEFORE, AFTER, INSTEAD, READ, STREAM, AT_ONCE, STANDING = (
    "before the call takes effect", "after the call took effect", "instead of what was asked",
    "when something is read", "on a stream message", "at once", "from now until cleared",
)  # fmt: skip
CALL: Final = ("count", "method", "path", "ms")
ORDERS: Final = "orders"


@dataclass(frozen=True, slots=True)
class Knob:
    """One fault: what it imitates, when it strikes, its parameters and their defaults.

    `count` 0 means until cleared; `ms` counts where the label speaks of it. `path` "orders" means every path that
    ends with `/order`, in all dialects, "stops" also `/algoOrder`, "*" all; an empty `account` means anybody's.
    """

    kind: str
    imitates: str
    strikes: str
    parameters: tuple[str, ...] = ()
    defaults: tuple[tuple[str, Any], ...] = ()

    @property
    def accepts(self) -> tuple[str, ...]:
        """The names it can be armed with, besides `kind`."""
        return ("account", *self.parameters)


def _knob(kind: str, imitates: str, strikes: str, *parameters: str, **defaults: Any) -> Knob:
    named = CALL if strikes in {BEFORE, AFTER, INSTEAD, READ} else ()
    return Knob(kind, imitates, strikes, (*named, *parameters), tuple(defaults.items()))


_ROWS: Final = (
    _knob("delay", "a slow network or a loaded exchange: the answer comes `ms` later", BEFORE),
    _knob("timeout_before_accept", "the request is lost on its way; nothing happens, no answer for `ms`", BEFORE),
    _knob("timeout_after_accept", "the answer is lost on its way; the request took effect, no answer for `ms`", AFTER),
    _knob("dns_failure", "no way to the exchange for `ms`: every connection is cut or refused, as in a DNS outage", STANDING, "ms", ms=5000),
    _knob("http_503", "overload: 503 with -1008, nothing happens", BEFORE),
    _knob("http_503_unknown", "a gateway gives up: 503 with an ambiguous body, the request took effect", AFTER),
    _knob("status_unknown", "408 with -1007 (503 on contracts): execution status unknown, the request took effect", AFTER),
    _knob("http_500", "a server fails: 500 with an HTML body, the request took effect", AFTER),
    _knob("http_502", "a proxy has no server: 502 with an HTML body, nothing happens", BEFORE),
    _knob("rate_limited", "too many requests: 429 with Retry-After `ms`/1000", BEFORE),
    _knob("banned", "the address is banned: 418 with Retry-After `ms`/1000", BEFORE),
    _knob("empty_answer", "an empty 200, the request took effect", AFTER),
    _knob("truncated_answer", "a 200 whose body breaks off in the middle, the request took effect", AFTER),
    _knob("bad_numbers", "prices and amounts of an answer read `value` (NaN, Infinity, 1e999, 0)", AFTER, "value", value="NaN", method="GET", path="*"),
    _knob("clock_skew", "the exchange's clock is `ms` ahead (negative: behind), so that signed calls get -1021", STANDING, "ms", ms=10_000),
    _knob("lagging_reads", "a read replica is behind: signed reads show the state of `ms` ago", READ, ms=5000, method="GET", path="*"),
    _knob("fill_before_ack", "the stream tells a fill before the order's answer, which comes `ms` later", AFTER, ms=500),
    _knob("fill_after_cancel", "a cancel is acknowledged, `ms` later half of the rest (or `amount`) has filled after all", INSTEAD, "amount", ms=200, method="DELETE"),
    _knob("refuse_cancels", "cancels are refused: the next `count`, or all for `ms`", BEFORE, method="DELETE", path="*"),
    _knob("cancel_all_half", "a cancel-all ends only the first half of the orders and says nothing of the rest", INSTEAD, method="DELETE", path="*"),
    _knob("stop_missing", "a stop is acknowledged but never placed", INSTEAD, path="stops"),
    _knob("expire_stop", "the exchange ends a waiting stop by itself (the oldest, or the one of client id `order`)", AT_ONCE, "order", "symbol"),
    _knob("wrong_fee_asset", "fees are taken in a third `asset` while the account has some of it", STANDING, "asset", asset="BNB"),
    _knob("foreign_fill", "somebody trades by hand on the account: a market order on `symbol`", AT_ONCE, "symbol", "side", "amount", side="BUY"),
    _knob("foreign_order", "somebody places a limit order by hand on the account", AT_ONCE, "symbol", "side", "amount", "price", side="BUY"),
    _knob("transfer", "a balance moves from outside: `amount` of `asset` comes, negative leaves", AT_ONCE, "asset", "amount"),
    _knob("liquidation", "the exchange liquidates the account's position on `symbol`, or all", AT_ONCE, "symbol"),
    _knob("auto_deleverage", "the exchange reduces a winning position on `symbol` against a bankrupt one", AT_ONCE, "symbol"),
    _knob("delist", "an instrument stops trading: its orders expire, new ones are refused", STANDING, "symbol"),
    _knob("rule_change", "tick and step of an instrument change", STANDING, "symbol", "tick", "step"),
    _knob("drop_stream", "every WebSocket is cut at once, as after 24 hours", AT_ONCE),
    _knob("silent_socket", "open sockets stay open for `ms` but carry nothing, not even answers to pings", AT_ONCE, "ms", ms=10_000),
    _knob("mute_stream", "the next `count` stream messages are lost", STREAM, "count"),
    _knob("drop_event", "the next `count` order events of the user stream are lost", STREAM, "count"),
    _knob("duplicate_stream", "the next `count` user events are sent twice", STREAM, "count"),
    _knob("reorder_stream", "the next `count` order events come after the one that follows them (or `ms` later)", STREAM, "count", "ms", ms=1000),
    _knob("late_stream", "the next `count` order events come `ms` late", STREAM, "count", "ms", ms=1000),
)  # fmt: skip
KNOBS: Final[dict[str, Knob]] = {knob.kind: knob for knob in _ROWS}


def described() -> list[dict[str, Any]]:
    """Return the table as plain values, for people and machines."""
    return [
        {
            "kind": knob.kind,
            "imitates": knob.imitates,
            "strikes": knob.strikes,
            "parameters": list(knob.accepts),
            "defaults": dict(knob.defaults),
        }
        for knob in _ROWS
    ]
