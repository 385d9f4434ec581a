"""The parent of the embedded servers: starts them, restarts what crashes, ends with its last user.

Run as `python -m tradingdesk.embedded.keeper HOME`, by `services.py` only.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tradingdesk.embedded.access import Access
from tradingdesk.embedded.postgres import Postgres, ServerError
from tradingdesk.embedded.valkey import Valkey
from tradingdesk.supervisor.locks import FileLock
from tradingdesk.supervisor.policy import CrashPolicy, crash_limit
from tradingdesk.supervisor.records import birth, read_record, write_record

_PULSE_SECONDS = 0.1
_LOG_BYTES_MAX = 10_000_000


class Keeper:
    """Holds both servers; one loop, one thread, so that PDEATHSIG of the children means us."""

    def __init__(self, folder: Path, *, careless: bool) -> None:
        self.access = Access(folder)
        self.users = FileLock(self.access.run / "users.lock")
        self.servers: tuple[Postgres | Valkey, ...] = (
            Postgres(self.access, careless=careless),
            Valkey(self.access, careless=careless),
        )
        self.policies = {server.name: CrashPolicy(limit=crash_limit()) for server in self.servers}
        self.due: dict[str, float] = {}
        self.held: set[str] = set()
        self.asked_to_stop = False

    def run(self) -> int:
        """Serve until nobody uses the servers any more; return the exit code."""
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)
        self._wait_for_the_dead()
        self._rotate_logs()
        self._tell("starting")
        try:
            for server in self.servers:
                server.start()
        except (ServerError, OSError) as error:
            self._stop_servers()
            self._tell("failed", error=str(error))
            return 1
        self._say("up")
        self._tell("up")
        while not self.asked_to_stop and not self.users.take(wait_seconds=0):
            self._look_after()
            time.sleep(_PULSE_SECONDS)
        self._tell("stopping")
        self._stop_servers()
        self._say("stopped")
        (self.access.run / "services.json").unlink(missing_ok=True)
        if self.access.sockets != self.access.run:
            shutil.rmtree(self.access.sockets, ignore_errors=True)
        return 0

    def _look_after(self) -> None:
        now = time.monotonic()
        for server in self.servers:
            if server.name in self.held:
                continue
            if server.name in self.due:
                if now >= self.due[server.name]:
                    self._restart(server)
            elif server.process is None or server.process.poll() is not None:
                self._crashed(server, "ended")

    def _crashed(self, server: Postgres | Valkey, how: str) -> None:
        server.process = None
        delay = self.policies[server.name].crashed(time.monotonic())
        if delay is None:
            self.held.add(server.name)
            self._say(f"{server.name} {how}; it crashed too often and is held down")
        else:
            self.due[server.name] = time.monotonic() + delay
            self._say(f"{server.name} {how}; starting it again in {delay:.0f} s")
        self._tell()

    def _restart(self, server: Postgres | Valkey) -> None:
        del self.due[server.name]
        try:
            server.start()
        except (ServerError, OSError) as error:
            self._crashed(server, f"did not start: {error}")
        else:
            self._say(f"{server.name} is up again")
            self._tell()

    def _stop_servers(self) -> None:
        for server in reversed(self.servers):
            server.stop()

    def _wait_for_the_dead(self, patience_seconds: float = 10.0) -> None:
        """Servers of a killed keeper are still going down; two on one folder would ruin it."""
        old = read_record(self.access.run / "services.json")
        deadline = time.monotonic() + patience_seconds
        births = old.get("births", {})
        while any(birth(old["pids"][name]) == at for name, at in births.items()):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)

    def _rotate_logs(self) -> None:
        for log in (server.log for server in self.servers):
            if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
                log.replace(log.with_suffix(".log.1"))

    def _tell(self, state: str | None = None, *, error: str = "") -> None:
        if state is None:
            state = "held" if self.held else "restarting" if self.due else "up"
        pids = {s.name: s.process.pid for s in self.servers if s.process is not None}
        content = {
            "keeper": os.getpid(),
            "keeper_birth": birth(os.getpid()),
            "state": state,
            "error": error,
            "pids": pids,
            "births": {name: birth(pid) for name, pid in pids.items()},
            "held": sorted(self.held),
            "sockets": str(self.access.sockets),
        }
        write_record(self.access.run / "services.json", content)

    def _ask(self, *_: object) -> None:
        self.asked_to_stop = True

    @staticmethod
    def _say(words: str) -> None:
        sys.stdout.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {words}\n")
        sys.stdout.flush()


def main() -> int:
    """Parse the arguments and keep the servers, unless another keeper of this folder lives."""
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("--careless", action="store_true", help="no fsync: throw-away data only")
    options = parser.parse_args()
    only_one = FileLock(options.home / "run" / "keeper.lock")
    if not only_one.take(wait_seconds=20):
        sys.stderr.write("Another keeper serves this folder.\n")
        return 1
    return Keeper(options.home, careless=options.careless).run()


if __name__ == "__main__":
    sys.exit(main())
