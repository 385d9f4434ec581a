"""Where the other side of a fill comes from: one closed candle, or a ladder of prices."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from apps.core.domain.money import ZERO, ceil_to, floor_to
from apps.simulator.domain.instruments import Instrument

Level = tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Candle:
    """A closed candle; `ts` is its open time in epoch ms, volume in base units."""

    ts: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class Liquidity(Protocol):
    """What a taker may trade against now."""

    @property
    def last(self) -> Decimal:
        """Price of the last public trade."""

    @property
    def bid(self) -> Decimal:
        """Best price somebody pays."""

    @property
    def ask(self) -> Decimal:
        """Best price somebody asks."""

    def take(self, side: str, amount: Decimal, limit: Decimal | None) -> list[Level]:
        """Return the fills an order would get, best first; changes nothing."""

    def consume(self, side: str, price: Decimal, amount: Decimal) -> None:
        """Note that `amount` at `price` is gone, where that matters."""

    def levels(self, side: str, count: int) -> list[Level]:
        """Return up to `count` levels of the book's side `BUY` (bids) or `SELL` (asks)."""


@dataclass(frozen=True, slots=True)
class CandleLiquidity:
    """Liquidity of the last closed candle: a pure function of the order and that candle.

    A taker pays the close plus half the spread plus an impact that grows linearly to
    `instrument.impact` at the full volume share; more than the share is not to be had.
    """

    instrument: Instrument
    last: Decimal
    volume: Decimal

    @property
    def bid(self) -> Decimal:
        """Best price somebody pays."""
        return floor_to(self.last * (1 - self.instrument.half_spread), self.instrument.tick)

    @property
    def ask(self) -> Decimal:
        """Best price somebody asks."""
        return ceil_to(self.last * (1 + self.instrument.half_spread), self.instrument.tick)

    @property
    def share(self) -> Decimal:
        """The most one order may take, base units."""
        return floor_to(self.volume * self.instrument.volume_share, self.instrument.step)

    def take(self, side: str, amount: Decimal, limit: Decimal | None) -> list[Level]:
        """Return at most one fill, never beyond `limit`; changes nothing."""
        share = self.share
        taken = min(amount, share)
        if taken <= ZERO:
            return []
        moved = self.instrument.half_spread + self.instrument.impact * taken / share
        tick = self.instrument.tick
        if side == "BUY":
            if limit is not None and limit < self.ask:
                return []
            price = ceil_to(self.last * (1 + moved), tick)
            return [(price if limit is None else min(price, limit), taken)]
        if limit is not None and limit > self.bid:
            return []
        price = max(floor_to(self.last * (1 - moved), tick), tick)
        return [(price if limit is None else max(price, limit), taken)]

    def consume(self, side: str, price: Decimal, amount: Decimal) -> None:
        """Do nothing: a fill depends only on order and candle, never on other orders."""

    def levels(self, side: str, count: int) -> list[Level]:
        """Return equal slices of the share, one tick apart."""
        step = self.instrument.step
        size = max(floor_to(self.share / 20, step), step)
        first = self.bid if side == "BUY" else self.ask
        away = -self.instrument.tick if side == "BUY" else self.instrument.tick
        prices = (first + away * number for number in range(count))
        return [(price, size) for price in prices if price > ZERO]


@dataclass(slots=True)
class LadderLiquidity:
    """A book of synthetic levels, best first; what is taken stays gone until the next tick."""

    last: Decimal
    bids: list[Level] = field(default_factory=list)
    asks: list[Level] = field(default_factory=list)

    @property
    def bid(self) -> Decimal:
        """Best price somebody pays."""
        return self.bids[0][0] if self.bids else self.last

    @property
    def ask(self) -> Decimal:
        """Best price somebody asks."""
        return self.asks[0][0] if self.asks else self.last

    def take(self, side: str, amount: Decimal, limit: Decimal | None) -> list[Level]:
        """Walk the other side of the book up to `limit`; changes nothing."""
        fills: list[Level] = []
        for price, size in self.asks if side == "BUY" else self.bids:
            if amount <= ZERO or (limit is not None and beyond(side, price, limit)):
                break
            fills.append((price, min(size, amount)))
            amount -= fills[-1][1]
        return fills

    def consume(self, side: str, price: Decimal, amount: Decimal) -> None:
        """Take `amount` off the level at `price` of the side that `side` trades against."""
        levels = self.asks if side == "BUY" else self.bids
        left = [(p, size - amount if p == price else size) for p, size in levels]
        levels[:] = [level for level in left if level[1] > ZERO]

    def levels(self, side: str, count: int) -> list[Level]:
        """Return up to `count` levels of a side."""
        return (self.bids if side == "BUY" else self.asks)[:count]


def beyond(side: str, price: Decimal, limit: Decimal) -> bool:
    """Return whether `price` is worse than `limit` for an order of `side`."""
    return price > limit if side == "BUY" else price < limit
