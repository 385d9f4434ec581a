"""Lock-step: the market moves to the next candle when the desk has finished the last one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import structlog
from celery import current_app
from django.db import DatabaseError, close_old_connections
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from apps.core.clock import from_ms
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.core.errors import DeskError
from apps.demo.queries import rows
from apps.marketdata.actions.advance_clock import advance_clock
from apps.portfolio.actions.poll_perpetuals import poll_funding
from apps.simulator.gateways.control import ExchangeControl, ExchangeState, ExchangeUnreachable
from apps.trading.actions.read_batch import GRACE
from apps.trading.queries import quiescent
from apps.venues.gateways.errors import VenueError

log = structlog.get_logger(__name__)
T = TypeVar("T")
NUDGE_SECONDS = 0.25


class DeskStuck(DeskError):
    """The desk did not finish a candle in time; `reasons` says what it still waits for."""

    default_code = "DESK_STUCK"


@dataclass(slots=True)
class Lockstep:
    """Drives one exchange and one desk account; `timeout_seconds` bounds each wait (real time)."""

    control: ExchangeControl
    account_id: UUID
    account_name: str
    instrument_ids: list[int]
    timeframe: str
    timeout_seconds: float = 120.0
    is_linear: bool = False
    steps: int = 0
    candles: int = 0
    _trades_known: int = field(default=-1)

    def step(self, *, to_ms: int) -> bool:
        """Play the candle that closes at `to_ms` (epoch ms); return whether the recording is over.

        First the exchange fills what the candle reaches, and the desk books it; only then does
        market time move, so that the cycle of `to_ms` decides on settled books.

        :raises DeskStuck: when the desk is not done within the timeout.
        """
        state = self._patiently(lambda: self.control.advance(to_ms=to_ms))
        present = self._settle(state, to_ms)
        if self.is_linear:
            # what the step paid is booked before anybody decides on it
            self._patiently(lambda: poll_funding(account_id=self.account_id, moment=from_ms(to_ms)))
        # past the grace where the recording lacks a candle, so that nobody waits for it
        moment = from_ms(to_ms) + (GRACE if state.body["lacking"] else timedelta())
        self._patiently(lambda: advance_clock(to=moment))
        self._nudge()
        self._wait(
            lambda: self._patiently(lambda: quiescent(account_ids=[self.account_id], at=moment))
        )
        self.steps += 1
        self.candles += present
        return state.is_done

    def _settle(self, state: ExchangeState, to_ms: int) -> int:
        """Wait until fills and candles of the step are stored; return the candles found."""
        totals = state.accounts[self.account_name]
        if totals.trades != self._trades_known:
            self._wait(lambda: self._patiently(lambda: self._unbooked(totals.trades)))
            self._trades_known = totals.trades
        expected = int(state.body["stored"])
        found = 0

        def lacking() -> list[str]:
            nonlocal found
            found = self._patiently(lambda: self._stored(to_ms))
            return [] if found >= expected else [f"candles={found}/{expected}"]

        self._wait(lacking)
        return found

    def _unbooked(self, trades: int) -> list[str]:
        (fills, waiting) = rows(
            "SELECT (SELECT count(*) FROM orders_fill WHERE account_id = %s),"
            " (SELECT count(*) FROM orders_venuefact WHERE account_id = %s AND absorbed_at IS NULL)",
            (self.account_id, self.account_id),
        )[0]
        reasons = [] if fills >= trades else [f"fills={fills}/{trades}"]
        return reasons + ([f"facts={waiting}"] if waiting else [])

    def _stored(self, to_ms: int) -> int:
        opened = to_ms - TIMEFRAME_MS[self.timeframe]
        return int(
            rows(
                "SELECT count(*) FROM marketdata_candle"
                " WHERE instrument_id = ANY(%s) AND timeframe = %s AND ts = %s",
                (self.instrument_ids, self.timeframe, opened),
            )[0][0]
        )

    def _wait(self, reasons_of: Callable[[], list[str]]) -> None:
        started = nudged = time.monotonic()
        pause = 0.001
        while reasons := reasons_of():
            if time.monotonic() - started > self.timeout_seconds:
                raise DeskStuck(reasons=reasons, step=self.steps)
            if time.monotonic() - nudged > NUDGE_SECONDS:
                self._nudge()
                nudged = time.monotonic()
            time.sleep(pause)
            pause = min(pause * 1.5, 0.02)

    def _nudge(self) -> None:
        try:
            current_app.send_task(
                "trading.run_account", [str(self.account_id)], queue="trading", retry=False
            )
        except (BrokerError, RedisError, OSError):
            # Beat and the control process nudge too; a lost nudge costs time only.
            log.info("lockstep.nudge_lost")

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Repeat `attempt` while a server is being restarted."""
        started = time.monotonic()
        while True:
            try:
                return attempt()
            except (DatabaseError, ExchangeUnreachable, VenueError) as error:
                if time.monotonic() - started > self.timeout_seconds:
                    raise DeskStuck(reasons=[str(error)], step=self.steps) from error
                log.info("lockstep.waiting", error=str(error))
                close_old_connections()
                time.sleep(0.2)
