"""`python -m tradingdesk.supervisor`, the lean form of `manage.py desk` (no Django in memory)."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tradingdesk.embedded.access import Access
from tradingdesk.embedded.environment import configure_environment
from tradingdesk.supervisor.desk import Desk, Plan
from tradingdesk.supervisor.journal import say
from tradingdesk.supervisor.locks import FileLock
from tradingdesk.supervisor.ports import taken_port_sentence
from tradingdesk.supervisor.procfile import ProcfileError, Program, read_procfile
from tradingdesk.supervisor.records import read_record

PROJECT = Path(__file__).resolve().parents[2]
_PORTS = {"web": ("PORT", "8000"), "simulator": ("SIMULATOR_PORT", "8001")}


def arguments() -> argparse.ArgumentParser:
    """Return the options of the desk."""
    parser = argparse.ArgumentParser(prog="manage.py desk", description=__doc__)
    parser.add_argument("--only", default="", help="names of the Procfile, separated by commas")
    parser.add_argument("--procfile", type=Path, default=PROJECT / "Procfile")
    parser.add_argument(
        "--no-embedded", action="store_true", help="never start PostgreSQL and Redis"
    )
    parser.add_argument("--no-bootstrap", action="store_true", help="do not migrate nor seed")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the desk of DESK_HOME until it is stopped; return the exit code."""
    options = arguments().parse_args(argv)
    configure_environment(["manage.py", "desk"])
    access = Access(Path(os.environ["DESK_HOME"]))
    access.prepare()
    for variable, default in _PORTS.values():
        os.environ.setdefault(variable, default)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    os.environ["PYTHONUNBUFFERED"] = "1"
    try:
        names = [name for name in options.only.split(",") if name]
        programs = read_procfile(options.procfile, environment=os.environ, only=names)
    except ProcfileError as error:
        return _refuse(str(error))
    only_one = FileLock(access.run / "desk.lock")
    if not only_one.take(wait_seconds=0.5):
        return _refuse(_running_sentence(access))
    (access.run / "desk.json").unlink(missing_ok=True)  # of a desk that was killed
    taken = taken_port_sentence(_ports_of(programs))
    if taken:
        return _refuse(taken)
    plan = Plan(
        access=access,
        folder=PROJECT,
        programs=tuple(programs),
        port=int(os.environ["PORT"]),
        embedded=bool(os.environ.get("DESK_EMBEDDED")) and not options.no_embedded,
        bootstrap=not options.no_bootstrap,
    )
    return asyncio.run(_run(plan))


async def _run(plan: Plan) -> int:
    return await Desk(plan).run()


def _ports_of(programs: Sequence[Program]) -> dict[str, int]:
    names = {program.name for program in programs}
    return {
        variable: int(os.environ[variable])
        for name, (variable, _) in _PORTS.items()
        if name in names
    }


def _running_sentence(access: Access) -> str:
    found = read_record(access.run / "desk.json")
    return (
        f"The desk of {access.home} is already running (process {found.get('pid', '?')}, "
        f"{found.get('url', 'starting')}); stop it with Ctrl-C there, or start another one: "
        "DESK_HOME=.desk2 PORT=8010 SIMULATOR_PORT=8011 make run"
    )


def _refuse(sentence: str) -> int:
    say(sentence)
    return 1


if __name__ == "__main__":
    sys.exit(main())
