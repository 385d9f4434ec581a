"""The random market in running time: history on the first start, then a tick every 250 ms."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
import structlog
from psycopg.types.json import Jsonb

from apps.core.clock import now, to_ms
from apps.core.domain.money import nearest_to
from apps.simulator.domain.candles import Series, exact_price
from apps.simulator.domain.instruments import (
    DEMO_PAIRS,
    DEMO_PERPETUALS,
    LINEAR,
    Instrument,
    listed,
)
from apps.simulator.domain.liquidity import LadderLiquidity
from apps.simulator.domain.market_random import (
    BLOCK_MS,
    MINUTES,
    REGIMES,
    TICK_MS,
    TICKS,
    Hour,
    MarketState,
    first_state,
    next_hour,
)
from apps.simulator.domain.orders import Effects
from apps.simulator.domain.perpetual.marks import MarkSource
from apps.simulator.domain.perpetual.sweep import Step, apply_contract_tick, fund_due
from apps.simulator.domain.sweep import apply_tick
from apps.simulator.exchange import Exchange
from apps.simulator.ladders import in_ticks, ladder, minutes, unpacked

KIND: Final = "random"
MINUTE_MS: Final = 60_000
SHOWN_DAYS: Final = 14
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RandomSpec:
    """Seed, pace and pairs; market time was `epoch_ms` when real time was `real_ms`."""

    seed: int
    speed: float
    epoch_ms: int
    real_ms: int
    history_days: int = 3
    pairs: list[str] = field(default_factory=lambda: list(DEMO_PAIRS))
    perpetuals: list[str] = field(default_factory=lambda: list(DEMO_PERPETUALS))


class RandomMarket:
    """Prices of every pair at any moment up to now, and the candles they form."""

    timeframe = "1m"

    def __init__(self, spec: RandomSpec, exchange: Exchange) -> None:
        self.spec = spec
        self._exchange = exchange
        spot = [listed(pair) for pair in spec.pairs]
        self._bases = [instrument.base for instrument in spot]
        self._increments = [float(instrument.tick) for instrument in spot]
        # A perpetual walks the path of its spot pair, in its own ticks.
        perpetuals = [
            listed(pair) for pair in spec.perpetuals if pair.partition(":")[0] in spec.pairs
        ]
        self._instruments = [*spot, *perpetuals]
        self._rows = {one.symbol: self._bases.index(one.base) for one in self._instruments}
        self._symbols = [instrument.symbol for instrument in spot]
        self.series: dict[str, Series] = {}
        self._hour: Hour | None = None
        self._number = 0
        self._state = first_state(self._bases)
        self._told_ms = 0

    def now_ms(self) -> int:
        """Market time as far as it has been told: at most a tick behind the pace."""
        return self._told_ms

    def _pace_ms(self) -> int:
        """Return where market time should be: real time at speed 1, else S times as far."""
        return self.spec.epoch_ms + round((to_ms(now()) - self.spec.real_ms) * self.spec.speed)

    def forming(self, symbol: str, /) -> tuple[float, float, float, float, float] | None:
        """Open, high, low, close, volume of the running minute, as far as it has come."""
        if self._hour is None:
            return None
        row, tick = self._rows[symbol], self._tick(self._told_ms)
        minute = tick // TICKS
        seen = self._hour.ticks[row, minute * TICKS : tick + 1]
        opened = float(self._hour.candles[row, minute, 0])
        volume = float(self._hour.volumes[row, minute]) * len(seen) / TICKS
        return opened, max(opened, seen.max()), min(opened, seen.min()), float(seen[-1]), volume

    def state(self) -> dict[str, Any]:
        """Market time and the regime each pair is in at the end of the hour."""
        regimes = zip(self.spec.pairs, self._state.regimes, strict=True)
        return {
            "clock": self._told_ms,
            "candles": len(self.series[self._symbols[0]].times) if self.series else 0,
            "done": False,
            "regimes": {pair: REGIMES[number] for pair, number in regimes},
        }

    async def start(self) -> None:
        """List the pairs, load or generate the history up to now."""
        await self._exchange.list_instruments(self._instruments)
        at_ms = self._pace_ms()
        current = at_ms // BLOCK_MS
        first = self.spec.epoch_ms // BLOCK_MS - self.spec.history_days * 24
        stored = await self._exchange.store.blocks(max(first, current - SHOWN_DAYS * 24))
        times: list[np.ndarray] = []
        values: list[np.ndarray] = []
        following = first
        for row in stored:
            if row["number"] >= current:
                break
            self._state = MarketState(**row["state"])
            following = row["number"] + 1
            times.append(minutes(row["number"]))
            values.append(unpacked(row["candles"], len(self._symbols)))
        for number in range(following, current):
            hour = self._generate(number)
            times.append(minutes(number))
            values.append(hour.candles)
            self._keep(number, hour)
            if number % 24 == 0:
                await self._exchange.journal.commit()
        await self._exchange.journal.commit()
        self._open_series(times, values)
        self._enter(current)
        self._told_ms = at_ms
        self._append_closed(current * BLOCK_MS, at_ms)
        self._exchange.source = self
        for instrument in self._instruments:
            ladder = self._ladder(instrument, self._tick(at_ms))
            self._exchange.ledger.liquidity[instrument.symbol] = ladder
            if instrument.kind == LINEAR:
                source = MarkSource(instrument.symbol, seed=self.spec.seed)
                self._exchange.contracts.sources[instrument.symbol] = source
                marks = self._exchange.ledger.contracts.marks
                marks[instrument.symbol] = source.mark(ladder.last, at_ms)

    async def run(self) -> None:
        """Tick until cancelled."""
        count = 0
        while True:
            await asyncio.sleep(TICK_MS / 1000)
            count += 1
            await self._advance(self._pace_ms())
            if count % 4 == 0 and self._exchange.audience is not None:
                self._exchange.audience.on_forming(self._told_ms)

    async def _advance(self, at_ms: int) -> None:
        """Move from the last told moment to `at_ms`, minute by minute."""
        while self._told_ms < at_ms:
            edge = (self._told_ms // MINUTE_MS + 1) * MINUTE_MS
            until = min(edge, at_ms)
            await self._move(self._told_ms, until)
            self._told_ms = until
            if until == edge:
                funding = self._fund(edge)
                if funding:
                    await self._exchange.commit(funding)
                self._close_minute(edge)
                if edge % BLOCK_MS == 0:
                    await self._exchange.journal.commit()

    async def _move(self, from_ms: int, until_ms: int) -> None:
        """Apply the prices between two moments of one minute: lowest and highest first, then the last."""
        first, last = self._tick(from_ms), self._tick(until_ms - 1)
        effects, moved = Effects(), []
        for instrument in self._instruments:
            hour, row = self._hour, self._rows[instrument.symbol]
            if hour is None or (last <= first and hour.ticks[row, last] == hour.ticks[row, first]):
                continue
            moved.append(instrument.symbol)
            for tick in self._telling(row, first, last, instrument.symbol):
                effects.merge(self._meet(instrument, self._ladder(instrument, tick), until_ms))
        if effects:
            await self._exchange.commit(effects)
        if self._exchange.audience is not None:
            self._exchange.audience.on_quotes(moved, until_ms)

    def _meet(self, instrument: Instrument, ladder: LadderLiquidity, at_ms: int) -> Effects:
        """Let a new ladder meet the orders of its instrument."""
        ledger, symbol = self._exchange.ledger, instrument.symbol
        if instrument.kind != LINEAR:
            return apply_tick(ledger, symbol, ladder, now_ms=at_ms)
        source = self._exchange.contracts.source(symbol)
        return apply_contract_tick(ledger, symbol, ladder, source=source, now_ms=at_ms)

    def _fund(self, edge_ms: int) -> Effects:
        """Charge the funding of every perpetual that is due at the edge of a minute."""
        effects, step = Effects(), Step(edge_ms - 1, edge_ms)
        for instrument in self._instruments:
            if instrument.kind == LINEAR:
                source = self._exchange.contracts.source(instrument.symbol)
                effects.merge(
                    fund_due(self._exchange.ledger, instrument.symbol, source=source, step=step)
                )
        return effects

    def _telling(self, row: int, first: int, last: int, symbol: str) -> list[int]:
        """Return the ticks that matter between two: extremes only when an order could meet them."""
        if last - first < 2 or self._hour is None or not self._has_orders(symbol):
            return [last]
        seen = self._hour.ticks[row, first + 1 : last + 1]
        extremes = {first + 1 + int(seen.argmin()), first + 1 + int(seen.argmax()), last}
        return sorted(extremes)

    def _close_minute(self, edge_ms: int) -> None:
        self._append_closed(edge_ms - MINUTE_MS, edge_ms)
        if edge_ms % BLOCK_MS == 0:
            self._enter(edge_ms // BLOCK_MS)
        if self._exchange.audience is not None:
            self._exchange.audience.on_candles(edge_ms)

    def _append_closed(self, from_ms: int, until_ms: int) -> None:
        if self._hour is None:
            return
        first = (from_ms - self._number * BLOCK_MS) // MINUTE_MS
        last = (until_ms - self._number * BLOCK_MS) // MINUTE_MS
        times = minutes(self._number)[first:last]
        for instrument in self._instruments:
            values = self._hour.candles[self._rows[instrument.symbol], first:last]
            self.series[instrument.symbol].append(times, in_ticks(instrument, values))

    def _enter(self, number: int) -> None:
        """Generate the hour that is beginning."""
        if self._hour is not None:
            self._keep(self._number, self._hour)
        self._hour = self._generate(number)
        self._number = number

    def _generate(self, number: int) -> Hour:
        hour = next_hour(
            self.spec.seed, number, self._state, bases=self._bases, ticks=self._increments
        )
        self._state = hour.state
        return hour

    def _keep(self, number: int, hour: Hour) -> None:
        packed = zlib.compress(np.ascontiguousarray(hour.candles).tobytes(), 1)
        self._exchange.journal.batch.blocks.append((number, Jsonb(asdict(hour.state)), packed))

    def _open_series(self, times: list[np.ndarray], values: list[np.ndarray]) -> None:
        flat = np.concatenate(times) if times else np.empty(0, dtype=np.int64)
        for one in self._instruments:
            row = self._rows[one.symbol]
            rows = np.concatenate([block[row] for block in values]) if values else np.empty((0, 5))
            self.series[one.symbol] = Series(self.timeframe, flat.copy(), in_ticks(one, rows))

    def _tick(self, at_ms: int) -> int:
        return min(max((at_ms - self._number * BLOCK_MS) // TICK_MS, 0), MINUTES * TICKS - 1)

    def _has_orders(self, symbol: str) -> bool:
        ledger = self._exchange.ledger
        held = (
            position.symbol for position in ledger.contracts.positions.values() if position.amount
        )
        return bool(ledger.book(symbol) or ledger.contracts.algos.get(symbol) or symbol in held)

    def _ladder(self, instrument: Instrument, tick: int) -> LadderLiquidity:
        if self._hour is None:
            raise RuntimeError("The random market has not started.")
        row = self._rows[instrument.symbol]
        last = nearest_to(exact_price(float(self._hour.ticks[row, tick])), instrument.tick)
        volume = exact_price(float(self._hour.volumes[row, tick // TICKS]))
        return ladder(instrument, last, volume=volume, salt=tick)


async def open_random(
    exchange: Exchange, stored: dict[str, Any] | None, *, seed: int, speed: float
) -> RandomMarket:
    """Start the stored random market, or a new one with `seed` and `speed`."""
    real_ms = to_ms(now())
    spec = RandomSpec(**stored) if stored else RandomSpec(seed, speed, real_ms, real_ms)
    if stored is None:
        exchange.journal.batch.market = (KIND, Jsonb(asdict(spec)), real_ms)
        await exchange.journal.commit()
    market = RandomMarket(spec, exchange)
    await market.start()
    log.info("random_market_ready", seed=spec.seed, speed=spec.speed, pairs=len(spec.pairs))
    return market
