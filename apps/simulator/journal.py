"""Group commit: commands of the same moment share one transaction; nothing is told before it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.orders import Effects
from apps.simulator.gateways.rows import Batch
from apps.simulator.gateways.store import Store

Told = Callable[[], None]


class Journal:
    """Collects what commands changed, stores it, then lets the world know, in that order."""

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger
        self._batch = Batch()
        self._told: list[Told] = []
        self._durable: asyncio.Future[None] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._wake = asyncio.Event()

    @property
    def batch(self) -> Batch:
        """The batch that the next commit stores."""
        return self._batch

    async def commit(self, effects: Effects | None = None, *, told: Told | None = None) -> None:
        """Store `effects` and what was put in `batch`; return when it is durable.

        `told` runs after the commit, in the order of the commands.
        """
        if effects is not None:
            self._batch.add(self._ledger, effects)
        if told is not None:
            self._told.append(told)
        if self._durable is None:
            self._durable = asyncio.get_running_loop().create_future()
        self._wake.set()
        await asyncio.shield(self._durable)

    async def settled(self) -> None:
        """Return when everything that memory shows now is durable."""
        waiting = self._durable or self._writing
        if waiting is not None:
            await asyncio.shield(waiting)

    async def run(self) -> None:
        """Store batches until cancelled. A commit that fails ends the process: memory is ahead."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._flush()

    async def close(self, task: asyncio.Task[None]) -> None:
        """Store what is left and stop `task`."""
        await self.settled()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _flush(self) -> None:
        batch, told, durable = self._batch, self._told, self._durable
        self._batch, self._told, self._durable = Batch(), [], None
        if durable is None:
            return
        self._writing = durable
        try:
            await self._store.write(batch)
        except BaseException as error:
            durable.set_exception(error)
            raise
        for tell in told:
            tell()
        durable.set_result(None)
        self._writing = None
