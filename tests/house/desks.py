"""Starts a real supervisor over a small Procfile, and looks at what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tradingdesk.supervisor.records import birth, read_record

ROOT = Path(__file__).resolve().parents[2]


def wait_for(question: Callable[[], object], seconds: float = 20.0) -> object:
    """Return the first truthy answer, or fail."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not so within {seconds} s: {question}")


class RunningDesk:
    """A supervisor with the programs given; everything it says goes to a file."""

    def __init__(self, home: Path, programs: dict[str, str], *options: str, **environment: str):
        self.home = home
        home.mkdir(exist_ok=True)
        self.procfile = home / "Procfile"
        self.procfile.write_text("".join(f"{n}: {c}\n" for n, c in programs.items()))
        self.console = home / "console.txt"
        command = [sys.executable, "-m", "tradingdesk.supervisor", "--no-bootstrap"]
        with self.console.open("ab") as output:
            self.process = subprocess.Popen(
                [*command, "--procfile", str(self.procfile), *options],
                cwd=ROOT,
                env=os.environ | {"DESK_HOME": str(home)} | environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def record(self) -> dict:
        found = read_record(self.home / "run" / "desk.json")
        return found if found.get("pid") == self.process.pid else {}

    def pids(self) -> dict[str, int]:
        return self.record().get("pids", {})

    def keeper(self) -> int:
        return read_record(self.home / "run" / "services.json")["keeper"]

    def said(self) -> str:
        return self.console.read_text()

    def wait_until_running(self, *names: str) -> dict[str, int]:
        wait_for(lambda: set(names) <= set(self.pids()), 40)
        return self.pids()

    def end(self, sign: int = signal.SIGTERM, seconds: float = 15.0) -> int:
        if self.process.poll() is None:
            self.process.send_signal(sign)
        return self.process.wait(seconds)


def living(pids: object) -> list[int]:
    """Return those of the process ids that still run."""
    return [pid for pid in pids if birth(pid) is not None]
