"""One process of the Procfile: start, listen to its lines, restart after a crash, stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tradingdesk.supervisor.journal import Journal, say
from tradingdesk.supervisor.parentage import bound_to_parent
from tradingdesk.supervisor.policy import CrashPolicy
from tradingdesk.supervisor.procfile import Program

_LINE_BYTES_MAX = 1_000_000


@dataclass(slots=True)
class Child:
    """A program that is kept running in a process group of its own."""

    program: Program
    journal: Journal
    policy: CrashPolicy
    environment: Mapping[str, str]
    folder: Path
    changed: Callable[[], None]
    state: str = "waiting"
    restarts: int = 0
    stopping: bool = False
    process: asyncio.subprocess.Process | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self.process.pid if self.process is not None else None

    async def keep(self) -> None:
        """Run the program again and again until `stop`, or until it is held down."""
        while not self.stopping:
            how = await self._run_once()
            if self.stopping:
                break
            delay = self.policy.crashed(time.monotonic())
            if delay is None:
                self._hold(how)
                return
            self.restarts += 1
            self._become("waiting")
            say(f"{self.program.name} {how}; starting it again in {delay:.0f} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), delay)
        self._become("stopped")

    async def stop(self, grace_seconds: float) -> None:
        """Ask the process to end; after the grace end its whole group by force."""
        self.stopping = True
        self._wake.set()
        process = self.process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), grace_seconds)
        except TimeoutError:
            self._end_group(process.pid)
            await process.wait()

    async def _run_once(self) -> str:
        """Start, follow its output to the end; return how it ended, in words."""
        try:
            process = await self._spawn()
        except OSError as error:
            return f"could not be started ({error})"
        self.process = process
        self.journal.last_words = ""
        self._become("running")
        listener = asyncio.create_task(self._listen(process))
        code = await process.wait()
        self._end_group(process.pid)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listener, 2)
        self.process = None
        if code < 0:
            return f"was ended by signal {-code}"
        words = self.journal.last_words
        return f"ended with code {code}" + (f" ({words})" if words else "")

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.program.arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self.folder,
            env=dict(self.environment),
            process_group=0,
            limit=_LINE_BYTES_MAX,
            preexec_fn=bound_to_parent(signal.SIGKILL),
        )

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than the limit: that part is dropped
                continue
            if not line:
                return
            self.journal.write(line.decode(errors="replace").rstrip())

    @staticmethod
    def _end_group(group: int) -> None:
        """Grandchildren do not outlive their leader."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)

    def _hold(self, how: str) -> None:
        self._become("held")
        minutes = self.policy.window / 60
        say(
            f"{self.program.name} {how}; it crashed {self.policy.limit} times in {minutes:.0f} "
            f"minutes and is held down. Its log: {self.journal.path}. "
            "Restart the desk when the cause is gone."
        )

    def _become(self, state: str) -> None:
        self.state = state
        self.changed()
