"""The supervisor's rules as plain functions: back-off, Procfile, ports, what the console shows."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tradingdesk.supervisor.journal import Journal, loud_part
from tradingdesk.supervisor.policy import CrashPolicy
from tradingdesk.supervisor.ports import taken_port_sentence
from tradingdesk.supervisor.procfile import ProcfileError, Program, read_procfile


def test_five_crashes_in_five_minutes_hold_a_process_down() -> None:
    policy = CrashPolicy()
    assert [policy.crashed(at) for at in (0, 10, 20, 30, 40)] == [1, 2, 4, 8, None]


def test_back_off_grows_to_thirty_seconds_and_stays_there() -> None:
    policy = CrashPolicy(limit=100)
    assert [policy.crashed(at) for at in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_crashes_older_than_the_window_are_forgotten() -> None:
    policy = CrashPolicy()
    for at in (0, 100, 200, 299):
        policy.crashed(at)
    assert policy.crashed(401) == 4.0


def test_the_procfile_fills_in_variables_and_keeps_quoted_words(tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text("# comment\n\nweb: serve --port $PORT\njob: run 'two words'\n")
    assert read_procfile(path, environment={"PORT": "8010"}) == [
        Program("web", ("serve", "--port", "8010")),
        Program("job", ("run", "two words")),
    ]
    assert [p.name for p in read_procfile(path, environment={"PORT": "1"}, only=["job"])] == ["job"]


@pytest.mark.parametrize(
    ("text", "only", "words"),
    [
        ("web: serve $MISSING\n", [], "MISSING"),
        ("no colon here\n", [], "name: command"),
        ("web: serve\n", ["wep"], "no process named wep"),
    ],
)
def test_a_wrong_procfile_is_named_with_its_reason(tmp_path, text, only, words) -> None:
    path = tmp_path / "Procfile"
    path.write_text(text)
    with pytest.raises(ProcfileError, match=words):
        read_procfile(path, environment={}, only=only)


def test_the_procfile_of_the_desk_names_every_process_of_the_architecture() -> None:
    path = Path(__file__).resolve().parents[2] / "Procfile"
    names = [p.name for p in read_procfile(path, environment={"PORT": "8000"})]
    assert names == [
        "web", "beat", "worker-trading", "worker-default", "control", "feed", "simulator",
    ]  # fmt: skip


def test_a_taken_port_gets_one_sentence_with_a_working_fix() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        sentence = taken_port_sentence({"SIMULATOR_PORT": port})
    assert sentence is not None
    assert sentence.startswith(f"Port {port} is taken by another program; choose another one")
    free = int(sentence.rpartition("SIMULATOR_PORT=")[2].split()[0])
    assert taken_port_sentence({"SIMULATOR_PORT": free}) is None


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"event": "cycle done", "level": "info", "bots": 3}', None),
        ('{"event": "no price", "level": "warning", "bot": "b1"}', "WARNING no price bot=b1"),
        ('{"event": "Service Unavailable: /readyz", "level": "error"}', None),
        ('{"event": "Not Found: /x", "level": "warning", "logger": "django.request"}', None),
        ('{"event": "boom", "level": "error", "logger": "django.request"}', "ERROR boom"),
        ("INFO:     Started server process", None),
        ("Traceback (most recent call last):", "Traceback (most recent call last):"),
        ("ValueError: bad", "ValueError: bad"),
        ("[2026] ERROR lost the broker", "[2026] ERROR lost the broker"),
        ("an error-free line", None),
    ],
)
def test_the_console_shows_warnings_only(line: str, shown: str | None) -> None:
    assert loud_part(line) == shown


def test_every_line_reaches_the_file_with_the_name_before_it(tmp_path: Path, capsys) -> None:
    journal = Journal(tmp_path, "beat", width=6)
    journal.write("100 % fine")
    journal.write(json.dumps({"level": "error", "event": "late"}))
    journal.close()
    assert journal.path.read_text().splitlines() == [
        "beat   | 100 % fine",
        'beat   | {"level": "error", "event": "late"}',
    ]
    assert capsys.readouterr().out == "beat   | ERROR late\n"
