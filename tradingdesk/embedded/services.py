"""Use the embedded servers of a data folder: attach to them, or have them started.

The servers are children of one *keeper* process. Whoever uses them holds a shared lock on
`run/users.lock`; the keeper stops them, and itself, once nobody does. The kernel drops the lock
of a killed process, so counting users cannot go wrong.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tradingdesk.embedded.access import Access, home
from tradingdesk.supervisor.locks import FileLock
from tradingdesk.supervisor.records import birth, read_record

PROJECT = Path(__file__).resolve().parents[2]
_USABLE = {"up", "starting", "restarting"}


class EmbeddedError(RuntimeError):
    """The embedded servers did not come up; the text says why and where to look."""


class EmbeddedServices:
    """One user's hold on the embedded servers of ``folder``."""

    def __init__(self, folder: Path | None = None, *, careless: bool = False) -> None:
        self.access = Access((folder or home()).absolute())
        self.careless = careless
        self.started_here = False
        self._keeper: subprocess.Popen[bytes] | None = None
        self._users = FileLock(self.access.run / "users.lock")

    def record(self) -> dict[str, Any]:
        """Return what the living keeper last wrote (state, pids), or an empty record."""
        found = read_record(self.access.run / "services.json")
        pid = found.get("keeper")
        return found if pid and birth(pid) == found.get("keeper_birth") else {}

    def pids(self) -> dict[str, int]:
        """Return name → pid of the servers that run now."""
        return dict(self.record().get("pids", {}))

    def start(self, timeout_seconds: float = 90.0) -> None:
        """Return when the servers answer. :raises EmbeddedError: they do not."""
        self.access.prepare()
        self._users.take(shared=True)
        with FileLock(self.access.run / "start.lock"):
            found = self.record()
            if found.get("state") == "held":
                names = " and ".join(found["held"])
                raise EmbeddedError(self._explain(f"{names} crashed too often and is held down"))
            if found.get("state") not in _USABLE:
                self._spawn_keeper()
            self._wait(timeout_seconds)

    def stop(self, timeout_seconds: float = 15.0) -> bool:
        """Let go; wait for the servers' end unless others use them. Say whether they ended."""
        keeper = self.record()
        self._users.release()
        let_go, deadline = time.monotonic(), time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self._keeper is not None:
                self._keeper.poll()
            if not keeper or birth(keeper["keeper"]) != keeper["keeper_birth"]:
                return True
            # No record any more: its keeper is on its last metres.
            state = self.record().get("state", "stopping")
            if state != "stopping" and time.monotonic() - let_go > 1.5:
                return False
            time.sleep(0.03)
        return False

    def lost(self) -> bool:
        """Say whether the keeper is gone (killed), so that `start` is due again."""
        if self._keeper is not None:
            self._keeper.poll()
        return not self.record()

    def _spawn_keeper(self) -> None:
        command = [sys.executable, "-m", "tradingdesk.embedded.keeper", str(self.access.home)]
        if self.careless:
            command.append("--careless")
        with (self.access.logs / "embedded.log").open("ab") as log:
            self._keeper = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=PROJECT,
                start_new_session=True,
            )
        self.started_here = True

    def _wait(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while (found := self.record()).get("state") != "up":
            if self._keeper is not None and self._keeper.poll() is not None:
                found = read_record(self.access.run / "services.json")
                raise EmbeddedError(self._explain(found.get("error", "their keeper ended")))
            if time.monotonic() > deadline:
                raise EmbeddedError(self._explain(f"no answer within {timeout_seconds:.0f} s"))
            time.sleep(0.03)

    def _explain(self, reason: str) -> str:
        self._users.release()
        return (
            f"The embedded servers of {self.access.home} did not start: {reason}\n"
            f"Their logs are in {self.access.logs}."
        )


_held: dict[Path, EmbeddedServices] = {}


def ensure(folder: Path | None = None, *, careless: bool = False) -> EmbeddedServices:
    """Keep the servers of ``folder`` up for the length of this process; call it as often as needed."""
    wanted = (folder or home()).absolute()
    services = _held.get(wanted)
    if services is None:
        services = EmbeddedServices(wanted, careless=careless)
        services.start()
        _held[wanted] = services
        atexit.register(_stop_in, os.getpid(), services)
    elif services.lost():
        services.start()
    return services


def _stop_in(pid: int, services: EmbeddedServices) -> None:
    """Stop at exit, but not in a forked child, which shares the lock with its parent."""
    if os.getpid() == pid:
        services.stop()
