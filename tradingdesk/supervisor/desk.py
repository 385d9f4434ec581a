"""The desk: embedded servers, bootstrap, the processes of the Procfile, one line when ready."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tradingdesk.embedded.access import Access
from tradingdesk.embedded.services import EmbeddedError, EmbeddedServices
from tradingdesk.supervisor.child import Child
from tradingdesk.supervisor.journal import Journal, say
from tradingdesk.supervisor.parentage import bound_to_parent
from tradingdesk.supervisor.policy import CrashPolicy, crash_limit
from tradingdesk.supervisor.procfile import Program
from tradingdesk.supervisor.readiness import status_of
from tradingdesk.supervisor.records import write_record

# The exchange goes last, so that what the others send while they end still finds it.
STOPPED_LAST = ("simulator",)
_GRACE_SECONDS = 6.0
_LAST_GRACE_SECONDS = 3.0
_PULSE_SECONDS = 0.25
_READY_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run, and where."""

    access: Access
    folder: Path
    programs: tuple[Program, ...]
    port: int
    embedded: bool
    bootstrap: bool = True


class Desk:
    """Runs one plan until it is told to stop; `run` returns the exit code."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.services = EmbeddedServices(plan.access.home) if plan.embedded else None
        self.children: list[Child] = []
        self.state = "starting"
        self.started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self.welcome = "/"
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._held: set[str] = set()

    async def run(self) -> int:
        """Start everything in order, keep it running, stop everything in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._asked_to_stop)
        try:
            await self._start_servers()
            if self.plan.bootstrap and not await self._bootstrap():
                return 0 if self._stop.is_set() else 1
            self._start_children()
            await asyncio.gather(self._announce(), self._pulse())
        except EmbeddedError as error:
            say(str(error))
            return 1
        finally:
            await self._stop_everything()
        return 0

    async def _start_servers(self) -> None:
        if self.services is not None and not self._stop.is_set():
            say("Starting PostgreSQL and Redis …")
            await asyncio.to_thread(self.services.start)
            self.tell()

    async def _bootstrap(self) -> bool:
        """Migrate and seed in one process of its own; say whether the desk may start."""
        say("Preparing the database …")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "manage.py",
            "bootstrap",
            cwd=self.plan.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=bound_to_parent(),
        )
        finished = asyncio.create_task(process.communicate())
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({finished, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not finished.done():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        output, complaints = await finished
        log = self.plan.access.logs / "bootstrap.log"
        log.write_bytes(complaints)
        if process.returncode:
            if not self._stop.is_set():
                say(complaints.decode(errors="replace").strip()[-2000:])
                say(f"The database could not be prepared; the whole story is in {log}.")
            return False
        lines = output.decode().split()
        self.welcome = lines[-1] if lines and lines[-1].startswith("/") else "/"
        return True

    def _start_children(self) -> None:
        width = max(len(program.name) for program in self.plan.programs)
        for program in self.plan.programs:
            child = Child(
                program=program,
                journal=Journal(self.plan.access.logs, program.name, width=width),
                policy=CrashPolicy(limit=crash_limit()),
                environment=os.environ,
                folder=self.plan.folder,
                changed=self.tell,
            )
            self.children.append(child)
            self._tasks.append(asyncio.create_task(child.keep()))
        say("Starting " + ", ".join(program.name for program in self.plan.programs) + " …")

    async def _announce(self) -> None:
        """Print the one line that a newcomer waits for."""
        if all(child.program.name != "web" for child in self.children):
            return
        loop = asyncio.get_running_loop()
        deadline, status = loop.time() + _READY_SECONDS, None
        while not self._stop.is_set() and loop.time() < deadline:
            status = await status_of(self.plan.port)
            if status == 200:
                self.state = "ready"
                self.tell()
                say(f"Ready: http://127.0.0.1:{self.plan.port}{self.welcome}")
                return
            await asyncio.sleep(2 * _PULSE_SECONDS)
        if not self._stop.is_set():
            say(
                f"The desk is not ready after {_READY_SECONDS:.0f} s (/readyz says {status}); "
                f"see http://127.0.0.1:{self.plan.port}/readyz and {self.plan.access.logs}."
            )

    async def _pulse(self) -> None:
        """Watch the embedded servers' keeper until it is time to stop."""
        known: dict[str, Any] = {}
        while not self._stop.is_set():
            if self.services is not None:
                if self.services.lost():
                    say("The embedded servers were ended; starting them again")
                    with contextlib.suppress(EmbeddedError):
                        await asyncio.to_thread(self.services.start)
                found = self.services.record()
                if found != known:
                    self._report_servers(known, found)
                    known = found
                    self.tell()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _PULSE_SECONDS)

    def _report_servers(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        for name in before.get("pids", {}):
            if name not in now.get("pids", {}) and name not in now.get("held", []):
                say(f"{name} ended; it is being started again")
        for name in set(now.get("held", [])) - self._held:
            self._held.add(name)
            say(f"{name} crashed too often and is held down. See {self.plan.access.logs}.")

    def tell(self) -> None:
        """Write desk.json: the state of the desk and name → pid of every process."""
        pids = self.services.pids() if self.services is not None else {}
        pids |= {c.program.name: c.pid for c in self.children if c.pid is not None}
        content = {
            "pid": os.getpid(),
            "state": self.state,
            "url": f"http://127.0.0.1:{self.plan.port}/",
            "started_at": self.started_at,
            "pids": pids,
            "states": {c.program.name: c.state for c in self.children},
            "restarts": {c.program.name: c.restarts for c in self.children},
        }
        write_record(self.plan.access.run / "desk.json", content)

    def _asked_to_stop(self) -> None:
        if self._stop.is_set():
            return
        self._stop.set()
        say("Stopping …")

    async def _stop_everything(self) -> None:
        self._stop.set()
        self.state = "stopping"
        last = [c for c in self.children if c.program.name in STOPPED_LAST]
        first = [c for c in self.children if c not in last]
        await asyncio.gather(*(child.stop(_GRACE_SECONDS) for child in first))
        await asyncio.gather(*(child.stop(_LAST_GRACE_SECONDS) for child in last))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for child in self.children:
            child.journal.close()
        if self.services is not None and not await asyncio.to_thread(self.services.stop):
            say("PostgreSQL and Redis stay up while another command uses them.")
        (self.plan.access.run / "desk.json").unlink(missing_ok=True)
        say("Stopped.")
