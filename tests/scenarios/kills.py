"""Replays with `kill -9` of single processes in the middle, compared with an undisturbed run.

`python -m tests.scenarios.kills --data DIR` prints a table and ends with 1 when a digest differs,
a recovery takes longer than 30 s, or too few kills met an order in flight.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tradingdesk.embedded.access import Access

ROOT = Path(__file__).resolve().parents[2]
VICTIMS = (
    "worker-trading", "beat", "control", "feed", "simulator", "web", "postgres", "redis", "worker-default",
)  # fmt: skip
RECOVERY_SECONDS = 30.0
IN_FLIGHT_SHARE = 0.3
# How long a kill waits for an order on its way before it strikes anyway.
PATIENCE_SECONDS = 6.0
IN_FLIGHT = """
    SELECT EXISTS (SELECT FROM orders_order
                   WHERE status IN ('created', 'submitted', 'unknown', 'pending_cancel'))
"""


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: who, whether an order was on its way, and how long until the market moved on."""

    victim: str
    in_flight: bool
    recovered_after: float


@dataclass(slots=True)
class Outcome:
    """What a replay ended with, and what was done to it."""

    summary: dict[str, Any]
    kills: list[Kill] = field(default_factory=list)


@dataclass(slots=True)
class Scene:
    """One replay in a folder of its own; `arguments` are those of `manage.py replay`."""

    arguments: list[str]
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="kills-")))
    kills: list[Kill] = field(default_factory=list)
    # How far it stands back for other processes, as `nice` counts.
    niceness: int = 0

    def run(self, victims: list[str], *, seed: int) -> Outcome:
        """Play the replay, killing `victims` one after the other; return summary and kills."""
        nice = ["nice", "-n", str(self.niceness)] if self.niceness else []
        words = [*nice, sys.executable, "manage.py", "replay", "--json", "--home", str(self.home)]
        environment = os.environ | {
            "DESK_CRASH_LIMIT": "1000",
            "DESK_HOME": str(self.home / "parent"),
        }
        with (self.home / "driver.log").open("wb") as log:
            replay = subprocess.Popen(
                [*words, *self.arguments],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=log,
            )
            try:
                self._kill_all(replay, victims, random.Random(seed))
                output, _ = replay.communicate(timeout=900)
            finally:
                replay.poll() is None and replay.terminate()
        if not output:
            raise AssertionError((self.home / "driver.log").read_text()[-2000:])
        return Outcome(json.loads(output.splitlines()[-1]), self.kills)

    def _kill_all(
        self, replay: subprocess.Popen[bytes], victims: list[str], dice: random.Random
    ) -> None:
        if not victims:
            return
        self._wait_for_progress(replay, least=3)
        for victim in victims:
            time.sleep(dice.uniform(0.05, 0.6))
            if replay.poll() is not None:
                return
            self._kill(replay, victim)

    def _kill(self, replay: subprocess.Popen[bytes], victim: str) -> None:
        in_flight = self._wait_for_order()
        before = self._clock()
        pid = self._pid(victim)
        if pid is None or replay.poll() is not None:
            return
        os.kill(pid, signal.SIGKILL)
        struck = time.monotonic()
        self._wait_for_progress(replay, least=2, since=before)
        self.kills.append(Kill(victim, in_flight, time.monotonic() - struck))

    def _wait_for_order(self) -> bool:
        """Return whether an order was on its way within the patience, at once when it is."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        try:
            with psycopg.connect(self._dsn(), autocommit=True) as connection:
                while time.monotonic() < deadline:
                    if connection.execute(IN_FLIGHT).fetchone() == (True,):
                        return True
        except psycopg.Error:
            return False
        return False

    def _wait_for_progress(
        self, replay: subprocess.Popen[bytes], *, least: int, since: float | None = None
    ) -> None:
        """Wait until market time has moved `least` steps, or the replay has ended."""
        seen, known = 0, since
        deadline = time.monotonic() + 240
        while seen < least and replay.poll() is None and time.monotonic() < deadline:
            found = self._clock()
            if found is not None and known is not None and found > known:
                seen += 1
            known = found if found is not None else known
            time.sleep(0.02)

    def _clock(self) -> float | None:
        try:
            with psycopg.connect(self._dsn(), autocommit=True, connect_timeout=1) as connection:
                row = connection.execute("SELECT now FROM marketdata_marketclock").fetchone()
                return float(row[0].timestamp()) if row else None
        except psycopg.Error:
            return None

    def _pid(self, victim: str) -> int | None:
        try:
            pids = json.loads((self.home / "run" / "desk.json").read_text())["pids"]
        except (OSError, ValueError, KeyError):
            return None
        found: int | None = pids.get(victim)
        return found

    def _dsn(self) -> str:
        return Access(self.home).database_url("postgres", "desk")


def problems(calm: Outcome, struck: Outcome) -> list[str]:
    """Return what is wrong with a disturbed run."""
    found = [
        f"{k.victim} took {k.recovered_after:.1f} s"
        for k in struck.kills
        if k.recovered_after > RECOVERY_SECONDS
    ]
    differing = [
        name
        for name, value in calm.summary["digests"].items()
        if struck.summary["digests"][name] != value
    ]
    if differing:
        found.append(f"digest differs in {', '.join(differing)}")
    if not struck.summary["ok"]:
        found.append(f"checks {struck.summary['checks']}")
    return found


def main() -> int:
    """Run one calm replay and some disturbed ones; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--instruments", default="BTC/USDT,ETH/USDT,SOL/USDT,XRP/USDT")
    parser.add_argument("--from", dest="start", default="2023-05-01")
    parser.add_argument("--to", dest="end", default="2023-06-20")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    arguments = [
        "--data", str(Path(options.data).absolute()), "--instruments", options.instruments,
        "--timeframe", "1h", "--strategy", "all", "--from", options.start, "--to", options.end,
    ]  # fmt: skip
    calm = Scene(arguments).run([], seed=0)
    wrong: list[str] = []
    kills: list[Kill] = []
    for number in range(options.rounds):
        seed = options.seed + number
        victims = list(VICTIMS) * 2
        random.Random(seed).shuffle(victims)
        struck = Scene(arguments).run(victims, seed=seed)
        kills += struck.kills
        wrong += [f"seed {seed}: {problem}" for problem in problems(calm, struck)]
    tell(kills)
    share = sum(kill.in_flight for kill in kills) / max(1, len(kills))
    if share < IN_FLIGHT_SHARE:
        wrong.append(f"only {share:.0%} of the kills met an order in flight")
    print("\n".join(wrong) or f"ok: {len(kills)} kills, same digest {calm.summary['digest'][:16]}")
    return 1 if wrong else 0


def tell(kills: list[Kill]) -> None:
    """Print one line for each victim."""
    print(f"{'process':<16} kills  in flight  slowest recovery")
    for victim in VICTIMS:
        mine = [kill for kill in kills if kill.victim == victim]
        if mine:
            slowest = max(kill.recovered_after for kill in mine)
            met = sum(kill.in_flight for kill in mine)
            print(f"{victim:<16} {len(mine):>5}  {met:>9}  {slowest:>14.1f} s")


if __name__ == "__main__":
    sys.exit(main())
