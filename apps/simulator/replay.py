"""Recorded candles on a virtual clock that moves only when it is told to."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from apps.core.domain.timeframes import TIMEFRAME_MS, closes_at, open_ms
from apps.core.errors import InvalidInput
from apps.simulator.domain.candles import Series
from apps.simulator.domain.instruments import LINEAR_SUFFIX, listed
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.liquidity import CandleLiquidity
from apps.simulator.domain.orders import Effects
from apps.simulator.domain.perpetual.marks import MarkSource
from apps.simulator.domain.perpetual.sweep import Step, apply_contract_candle
from apps.simulator.domain.sweep import apply_candle
from apps.simulator.exchange import Exchange
from apps.simulator.gateways.candle_files import (
    Recording,
    Wanted,
    folder_name,
    read_marks,
    read_recordings,
)
from apps.simulator.gateways.funding_files import read_funding

KIND = "candles"


@dataclass(frozen=True, slots=True)
class ReplaySpec:
    """Which recordings, and from when to when (epoch ms)."""

    data: str
    instruments: list[str]
    timeframe: str
    from_ms: int
    to_ms: int
    asked_from: int | None = None
    asked_to: int | None = None


class Replay:
    """The market of recorded candles. At clock T every candle closed by T is known, no other."""

    def __init__(self, spec: ReplaySpec, series: dict[str, Series], clock_ms: int) -> None:
        self.spec = spec
        self.timeframe = spec.timeframe
        self.series = series
        self.clock_ms = clock_ms
        self._length = TIMEFRAME_MS[spec.timeframe]
        self._moving = asyncio.Lock()

    def now_ms(self) -> int:
        """The virtual clock."""
        return self.clock_ms

    def forming(self, _symbol: str, /) -> None:
        """Answer None: nothing of the next candle is known."""

    @property
    def is_done(self) -> bool:
        """Whether the last candle has been played."""
        return self.clock_ms >= self.spec.to_ms

    @property
    def next_ms(self) -> int:
        """Where the clock stands after one more candle."""
        return self.clock_ms + self._length

    def is_of(self, wanted: dict[str, Any]) -> bool:
        """Return whether these are the recordings that are asked for."""
        spec = self.spec
        held = (spec.data, spec.instruments, spec.timeframe, spec.asked_from, spec.asked_to)
        asked = (wanted["data"], wanted["instruments"], wanted["timeframe"])
        return held == (*asked, wanted.get("from"), wanted.get("to"))

    def state(self) -> dict[str, Any]:
        """Range, clock, steps since the start, symbols with a candle in the last one, the end."""
        last = self.clock_ms - self._length
        return {
            "from": self.spec.from_ms,
            "to": self.spec.to_ms,
            "clock": self.clock_ms,
            "stored": sum(series.at(last) is not None for series in self.series.values()),
            "lacking": self._lacking(),
            "candles": (self.clock_ms - self.spec.from_ms) // self._length,
            "done": self.is_done,
        }

    def _lacking(self) -> list[str]:
        """Return the timeframes that close now and of which not every symbol has a whole candle."""
        closing = [tf for tf in TIMEFRAME_MS if closes_at(self.clock_ms, tf)]
        return [
            tf
            for tf in closing
            if TIMEFRAME_MS[tf] >= self._length
            and any(series.closing(tf, self.clock_ms) is None for series in self.series.values())
        ]

    async def advance(self, exchange: Exchange, to_ms: int) -> None:
        """Play every candle that closes by `to_ms`; a no-op when the clock is already there.

        Clock and fills of one candle are one commit, so that a crash between two repeats nothing.
        """
        async with self._moving:
            while self.next_ms <= min(to_ms, self.spec.to_ms):
                await self._step(exchange)
            await exchange.journal.settled()

    async def _step(self, exchange: Exchange) -> None:
        opened, closed = self.clock_ms, self.next_ms
        effects = Effects()
        for symbol in sorted(self.series):
            candle = self.series[symbol].at(opened)
            if candle is None:
                continue
            if symbol.endswith(LINEAR_SUFFIX):
                source = exchange.contracts.source(symbol)
                step = Step(opened, closed)
                effects.merge(
                    apply_contract_candle(exchange.ledger, symbol, candle, source=source, step=step)
                )
            else:
                effects.merge(apply_candle(exchange.ledger, symbol, candle, now_ms=closed))
        self.clock_ms = closed
        exchange.note(effects)
        exchange.journal.batch.clock_ms = closed

        def told() -> None:
            exchange.tell_all(effects)
            if exchange.audience is not None:
                exchange.audience.on_candles(closed)

        await exchange.journal.commit(effects, told=told)


async def start_replay(exchange: Exchange, asked: dict[str, Any]) -> Replay:
    """Read recordings, list their instruments and set the clock to the start.

    :raises InvalidInput: `BAD_RANGE` when the recordings hold nothing between from and to.
    """
    wanted = Wanted(
        Path(asked["data"]), asked["instruments"], asked["timeframe"], asked.get("from"), asked.get("to")
    )  # fmt: skip
    recordings = await asyncio.to_thread(read_recordings, wanted)
    start, end = _span(recordings, wanted)
    spec = ReplaySpec(
        asked["data"], wanted.pairs, wanted.timeframe, start, end, wanted.from_ms, wanted.to_ms
    )
    listing = {pair: found.price_decimals for pair, found in recordings.items()}
    await exchange.list_instruments(
        [listed(pair, price_decimals=decimals) for pair, decimals in listing.items()]
    )
    exchange.journal.batch.market = (KIND, Jsonb(asdict(spec)), start)
    await exchange.journal.commit()
    return _opened(exchange, spec, recordings, start)


def resume_replay(exchange: Exchange, stored: dict[str, Any], clock_ms: int) -> Replay:
    """Read the recordings of a stored spec again and continue at the stored clock."""
    spec = ReplaySpec(**stored)
    wanted = Wanted(
        Path(spec.data), spec.instruments, spec.timeframe, spec.asked_from, spec.asked_to
    )
    return _opened(exchange, spec, read_recordings(wanted), clock_ms)


def _span(recordings: dict[str, Recording], wanted: Wanted) -> tuple[int, int]:
    """Return from when to when (epoch ms) is played: where all have candles, unless asked otherwise."""
    times = [recording.series.times for recording in recordings.values()]
    length = TIMEFRAME_MS[wanted.timeframe]
    first, last = max(int(t[0]) for t in times), min(int(t[-1]) for t in times) + length
    start = open_ms(first if wanted.from_ms is None else wanted.from_ms, wanted.timeframe)
    end = open_ms(last if wanted.to_ms is None else wanted.to_ms, wanted.timeframe)
    end = min(end, max(int(t[-1]) for t in times) + length)
    if end <= start:
        raise InvalidInput("BAD_RANGE", first=first, last=last, field="from")
    return start, end


def _opened(
    exchange: Exchange, spec: ReplaySpec, recordings: dict[str, Recording], clock_ms: int
) -> Replay:
    series = {listed(pair).symbol: recording.series for pair, recording in recordings.items()}
    replay = Replay(spec, series, clock_ms)
    for symbol, candles in series.items():
        _quote(exchange.ledger, symbol, candles, clock_ms)
    for pair in recordings:
        if ":" in pair:
            _mark(exchange, replay, pair)
    exchange.source = replay
    return replay


def _mark(exchange: Exchange, replay: Replay, pair: str) -> None:
    """Read marks and funding rates of a perpetual and set the mark a restart would find."""
    symbol, ledger, spec = listed(pair).symbol, exchange.ledger, replay.spec
    series, clock_ms = replay.series[symbol], replay.clock_ms
    source = exchange.contracts.sources[symbol] = MarkSource(
        symbol,
        marks=read_marks(Path(spec.data), pair, spec.timeframe),
        funding=read_funding(Path(spec.data), folder_name(pair)),
    )
    known = series.last_before(clock_ms)
    ledger.contracts.marks[symbol] = (
        source.after(known, clock_ms)
        if known
        else source.mark(ledger.liquidity[symbol].last, clock_ms)
    )


def _quote(ledger: Ledger, symbol: str, series: Series, clock_ms: int) -> None:
    """Set the price a restart would find: the last close, or the first open without volume."""
    known, first = series.last_before(clock_ms), series.first()
    instrument = ledger.instrument(symbol)
    if known is not None:
        ledger.liquidity[symbol] = CandleLiquidity(instrument, known.close, known.volume)
    elif first is not None:
        ledger.liquidity[symbol] = CandleLiquidity(instrument, first.open, first.volume * 0)
