"""The supervisor over real small processes: crashes, stops, kill -9."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.house.desks import ROOT, RunningDesk, living, wait_for

STUBBORN = (
    """python -c "import signal, time; signal.signal(15, lambda *a: None); time.sleep(99)" """
)
FAMILY = (
    """python -c "import os, time; from tradingdesk.supervisor.parentage import die_with_parent; """
    """child = os.fork(); child or die_with_parent(); """
    """child and print('grandchild', child, flush=True); time.sleep(99)" """
)
SLEEPER = "python -c 'import time; time.sleep(99)'"


@pytest.fixture
def desk(tmp_path: Path):
    started: list[RunningDesk] = []

    def start(programs: dict[str, str], *options: str, **environment: str) -> RunningDesk:
        started.append(RunningDesk(tmp_path / "home", programs, *options, **environment))
        return started[-1]

    yield start
    for one in started:
        pids = one.pids().values()
        one.end(signal.SIGKILL)
        wait_for(lambda pids=pids: not living(pids))


def test_a_crashing_process_is_restarted_with_back_off_and_then_held_down(desk) -> None:
    running = desk(
        {"bad": "python -c 'print(\"no money\"); raise SystemExit(7)'", "good": SLEEPER},
        "--no-embedded",
        DESK_CRASH_LIMIT="3",
    )
    wait_for(lambda: "held down" in running.said())
    said = running.said()
    assert "bad ended with code 7 (no money); starting it again in 1 s" in said
    assert "bad ended with code 7 (no money); starting it again in 2 s" in said
    assert (
        "bad ended with code 7 (no money); it crashed 3 times in 5 minutes and is held down" in said
    )
    assert running.record()["states"] == {"bad": "held", "good": "running"}
    assert running.end() == 0
    assert "good ended" not in said


def test_a_killed_process_comes_back_under_its_name(desk) -> None:
    running = desk({"one": SLEEPER}, "--no-embedded")
    first = running.wait_until_running("one")["one"]
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: running.pids().get("one") not in {None, first})
    assert "one was ended by signal 9; starting it again in 1 s" in running.said()
    assert running.end() == 0


def test_stopping_ends_stubborn_processes_and_grandchildren_within_fifteen_seconds(desk) -> None:
    running = desk(
        {"stubborn": STUBBORN, "family": FAMILY, "simulator": SLEEPER}, SIMULATOR_PORT="0"
    )
    pids = running.wait_until_running("stubborn", "family", "simulator", "postgres", "redis")
    log = running.home / "logs" / "family.log"
    grandchild = int(wait_for(lambda: log.exists() and log.read_text()).split()[-1])
    keeper = running.keeper()

    began = time.monotonic()
    assert running.end(signal.SIGINT) == 0

    assert time.monotonic() - began < 15
    assert living([*pids.values(), grandchild, keeper]) == []
    assert not (running.home / "run" / "desk.json").exists()


def test_kill_nine_of_the_supervisor_takes_everything_with_it_and_a_new_start_works(desk) -> None:
    running = desk({"family": FAMILY})
    pids = running.wait_until_running("family", "postgres", "redis")
    log = running.home / "logs" / "family.log"
    grandchild = int(wait_for(lambda: log.exists() and log.read_text()).split()[-1])
    everything = [*pids.values(), grandchild, running.keeper()]

    running.end(signal.SIGKILL)

    wait_for(lambda: not living(everything), 10)
    again = desk({"family": FAMILY})
    assert set(again.wait_until_running("family", "postgres", "redis")) == set(pids)
    assert again.end() == 0


def test_killed_servers_come_back_by_themselves(desk) -> None:
    running = desk({"one": SLEEPER})
    before = running.wait_until_running("one", "postgres", "redis")
    for name in ("postgres", "redis"):
        os.kill(before[name], signal.SIGKILL)
    for name in ("postgres", "redis"):
        wait_for(lambda name=name: running.pids().get(name) not in {None, before[name]}, 30)
    assert "postgres ended; it is being started again" in running.said()

    os.kill(running.keeper(), signal.SIGKILL)
    now = running.pids()
    wait_for(lambda: running.pids().get("redis") not in {None, now["redis"]}, 30)
    assert running.pids()["one"] == before["one"]
    assert running.end() == 0


def test_a_taken_port_is_said_before_anything_is_started(desk) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        running = desk({"web": SLEEPER}, PORT=port)
        assert running.process.wait(20) == 1
    assert running.said().startswith(f"Port {port} is taken by another program")
    assert len(running.said().splitlines()) == 1
    assert not (running.home / "postgres").exists()


def test_a_second_desk_of_the_same_folder_says_where_the_first_one_runs(desk) -> None:
    first = desk({"one": SLEEPER}, "--no-embedded")
    first.wait_until_running("one")
    second = subprocess.run(
        [sys.executable, "-m", "tradingdesk.supervisor", "--procfile", first.procfile],
        cwd=ROOT, env=os.environ | {"DESK_HOME": str(first.home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert f"is already running (process {first.process.pid}, http://127.0.0.1:" in second.stdout
    assert first.end() == 0
