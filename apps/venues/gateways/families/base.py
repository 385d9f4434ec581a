"""What one family of venues has to say about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from apps.venues.domain.reports import (
    CandleRow,
    FillReport,
    FundingReport,
    OrderReport,
    OrderTicket,
    PositionReport,
)
from apps.venues.gateways.families.news import News, QuotePart, Subscriptions
from apps.venues.gateways.wire import Answer

# the fee asset of a fill whose row does not name it: the quote of its market
IN_QUOTE: Final = "(quote)"


class Meaning(StrEnum):
    """What an answer proves about the request it answers."""

    REJECTED = "rejected"
    KEY = "key"
    RATE_LIMITED = "rate_limited"
    NO_SUCH_ORDER = "no_such_order"
    # a setting that already is as asked
    ALREADY = "already"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order's words depend on beside its ticket; `at_ms` is real time, epoch ms."""

    kind: str = "spot"
    venue_symbol: str = ""
    position_mode: str = "one_way"
    margin_mode: str = "cross"
    contract_size: Decimal = Decimal(1)
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order in ccxt's words: positional type and the request's extra parameters."""

    type: str
    price: str | None
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class VenueCall:
    """A call that ccxt has no unified name for: its implicit method and the parameters."""

    method: str
    # a list where the venue takes several at once
    params: Any


@dataclass(frozen=True, slots=True)
class VenueEdit:
    """A change of an open order in ccxt's words: the venue's id of it, and its new terms."""

    id: str
    type: str
    price: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a venue lets through: request weight a minute per address, orders per key."""

    weight_per_minute: int = 600
    orders_per_10_seconds: int = 50
    reserved_share: float = 0.2


# our own exchange says itself when it has enough
SIMULATED_BUDGET: Final = Budget(weight_per_minute=6_000_000, orders_per_10_seconds=100_000)
# what a read costs where the family does not say otherwise
WEIGHTS: Final[Mapping[str, int]] = {
    "instruments": 20, "candles": 2, "quotes": 4, "balances": 20, "order": 4, "open_orders": 6,
    "all_open_orders": 80, "fills": 20, "positions": 5, "funding": 30, "settings": 5, "time": 1,
    "forced": 50,
}  # fmt: skip


def read_code(answer: Answer) -> str:
    """Return the venue's error code as text, empty when the answer carries none."""
    return str(answer.json().get("code", ""))


def nothing(_: Any) -> None:
    """Recognise no message."""


def empty(_: Any) -> dict[str, Any]:
    """Add no parameter."""
    return {}


def five(_: Any) -> int:
    """Return how many stop orders a symbol may carry where the venue does not say."""
    return 5


@dataclass(frozen=True, slots=True)
class Apart:
    """Conditional orders that a venue keeps apart from the others, with ids of their own.

    `types` are our order types that live there; `params` make ccxt ask there, and there our id
    goes by the name `client_id_param`; `read` reads a row of that list.
    """

    types: frozenset[str]
    params: Mapping[str, Any]
    client_id_param: str
    read: Callable[[Any], OrderReport]


@dataclass(frozen=True, slots=True)
class Family:
    """The table of one family; the gateway is the same for all.

    Codes: `meanings` maps a venue code to its meaning, `by_message` a (code, part of the
    message); a code in neither proves nothing. Words: `order_of`, `edit_of`, `pair_of` turn
    tickets into requests and raise NeverSent for what cannot be said. Readers turn the venue's
    raw REST rows and WebSocket messages into ours; symbols are venue ids, amounts the venue's
    units (contracts where `counts_contracts`), and a message that is something else gives None.
    `read_order` and `read_fill` raise KeyError where a row is not whole.
    Where a venue answers an order call with ids only, `accepted` makes the report, `find_of` and
    `cancel_of` give the calls to ask and to cancel by our id (tried in turn), `acknowledged` raises
    KeyError unless a cancel was taken, `lists_of(kind)` names the lists of open orders.
    """

    name: str
    # of instruments that are traded; the first is meant where a row does not say (`kind_of`)
    kinds: tuple[str, ...] = ("spot",)
    options: dict[str, Any] = field(default_factory=dict)
    # which practice exchanges a testnet account may choose
    practice: tuple[str, ...] = ("testnet",)
    # ccxt reaches the demo by its switch for testnets
    demo_is_sandbox: bool = False
    needs_password: bool = False
    budget: Budget = field(default_factory=Budget)
    weights: Mapping[str, int] = field(default_factory=dict)
    trades: bool = False
    streams: bool = False
    counts_contracts: bool = False
    # perpetuals: leverage tiers can be read with a key; best prices come apart from tickers
    reads_tiers: bool = False
    quotes_apart: bool = False

    code_of: Callable[[Answer], str] = read_code
    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    by_message: Mapping[tuple[str, str], Meaning] = field(default_factory=dict)
    rate_statuses: frozenset[int] = frozenset({418, 429})
    # by which the venue refuses a signature's time; none where its clock needs no heeding
    clock_codes: frozenset[str] = frozenset()

    order_of: Callable[[OrderTicket, Terms], VenueOrder] | None = None
    pair_of: Callable[[OrderTicket, OrderTicket, Terms], VenueCall] | None = None
    edit_of: Callable[[OrderTicket, Wanted, Terms], VenueEdit] | None = None
    apart: Apart | None = None
    signed_with: Callable[[int, int], dict[str, Any]] = lambda _at_ms, _window_ms: {}
    client_id_param: str = "clientOrderId"
    client_id_of: Callable[[str], str] = str
    # where the answer to an order call names no more than ids, and calls of ccxt lack our id
    accepted: Callable[[Any, OrderTicket, Terms], OrderReport] | None = None
    find_of: Callable[[Wanted, Terms], Sequence[VenueCall]] | None = None
    rows_of: Callable[[Any], Sequence[Any]] = list
    cancel_of: Callable[[Wanted, Terms], Sequence[VenueCall]] | None = None
    acknowledged: Callable[[Any], Any] = nothing
    lists_of: Callable[[str], Sequence[Mapping[str, Any]]] = lambda _kind: ({},)
    # fills where they come newest first: page size, lists of a kind, and how older ones are asked
    fills_page: int = 100
    fill_lists: Callable[[str], Sequence[Mapping[str, Any]]] = lambda _kind: ({},)
    fills_before: Callable[[FillReport], dict[str, Any]] | None = None
    # fills are read of all symbols; open orders only by symbol
    fills_of_all: bool = False
    open_symbols: VenueCall | None = None
    # margin mode goes with each order or with leverage; the only position mode, or how it is asked
    leverage_words: Callable[[str], dict[str, Any]] | None = None
    position_mode: str = ""
    position_mode_call: VenueCall | None = None
    # a market order is a limit order that takes: ccxt wants the price it starts from
    market_needs_price: bool = False
    # the wallets that make up an account's balance
    wallets: Sequence[Mapping[str, Any]] = ({},)
    # what ccxt calls our key and secret; what it must not send; how a late request is refused
    login: tuple[str, str] = ("apiKey", "secret")
    unsent_headers: frozenset[str] = frozenset()
    signs_at_nonce: bool = False
    headers_with: Callable[[int, int], Mapping[str, str]] = lambda _at_ms, _window_ms: {}
    mixins: tuple[type, ...] = ()
    fills_of_order: Callable[[str], dict[str, Any]] = empty
    fills_after: Callable[[FillReport], dict[str, Any]] | None = None
    # the orders that the venue made itself, by venue symbol (empty: all) and since (epoch ms),
    # where its list of trades does not say which they were
    forced_of: Callable[[str, int], VenueCall] | None = None

    kind_of: Callable[[Any], str] = lambda _: ""
    stop_orders_max: Callable[[Any], int] = five
    maintenance_rate: Callable[[Any], Decimal | None] = nothing
    read_order: Callable[[Any], OrderReport] | None = None
    read_pair: Callable[[Any], list[OrderReport]] | None = None
    read_fill: Callable[[Any], FillReport] | None = None
    # wallet per asset where ccxt's total holds unrealised profit
    read_balances: Callable[[Any], Mapping[str, Decimal]] | None = None
    read_position: Callable[[Any], PositionReport] | None = None
    read_funding: Callable[[Any], FundingReport] | None = None

    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    simulated_ws: Mapping[str, str] = field(default_factory=dict)
    ends_stream: Callable[[Any], bool] = lambda _: False
    read_kline: Callable[[Any], CandleRow | None] = nothing
    is_kline: Callable[[Any], bool] = lambda message: message.get("e") == "kline"
    read_quote: Callable[[Any], QuotePart | None] = nothing
    read_private: Callable[[Any], Sequence[News] | None] = nothing

    def weight(self, name: str) -> int:
        """Return the request weight of a read."""
        return self.weights.get(name, WEIGHTS[name])


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order that is looked for: by our id, or by the venue's where that is known.

    `is_apart` means among the conditional orders that are kept apart.
    """

    symbol: str
    client_order_id: str
    is_apart: bool = False
    venue_order_id: str = ""

    @property
    def id(self) -> str:
        """The id that ccxt takes."""
        return self.venue_order_id or self.client_order_id

    def names(self, report: OrderReport) -> bool:
        """Return whether a report is about it."""
        if self.venue_order_id:
            return self.venue_order_id in {report.venue_order_id, report.triggered_id}
        return report.client_order_id == self.client_order_id

    def params(self, traits: Family) -> dict[str, Any]:
        """Return the parameters that find it."""
        if self.is_apart and traits.apart is not None:
            return {**traits.apart.params, traits.apart.client_id_param: self.client_order_id}
        if self.venue_order_id:
            return {}
        return {traits.client_id_param: traits.client_id_of(self.client_order_id)}
