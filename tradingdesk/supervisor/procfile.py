"""Reads the Procfile: `name: command`, with $VARIABLES of the environment filled in."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

_LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(.+)$")


class ProcfileError(ValueError):
    """The Procfile, or a name asked for, makes no sense."""


@dataclass(frozen=True, slots=True)
class Program:
    """One line of the Procfile: its name and its argument list (no shell is involved)."""

    name: str
    arguments: tuple[str, ...]


def read_procfile(
    path: Path, *, environment: Mapping[str, str], only: Collection[str] = ()
) -> list[Program]:
    """Return the programs of ``path`` in its order, or those named in ``only``.

    :raises ProcfileError: unreadable, a line without a name, an unset variable, an unknown name.
    """
    try:
        text = path.read_text()
    except OSError as error:
        raise ProcfileError(f"Cannot read {path}: {error.strerror}.") from error
    lines = (line.strip() for line in text.splitlines())
    programs = [_parse(line, environment) for line in lines if line and not line.startswith("#")]
    unknown = set(only) - {program.name for program in programs}
    if unknown:
        raise ProcfileError(f"{path.name} has no process named {', '.join(sorted(unknown))}.")
    return [program for program in programs if not only or program.name in only]


def _parse(line: str, environment: Mapping[str, str]) -> Program:
    found = _LINE.match(line)
    if found is None:
        raise ProcfileError(f"Not a `name: command` line: {line}")
    try:
        words = [Template(word).substitute(environment) for word in shlex.split(found[2])]
    except (KeyError, ValueError) as error:
        raise ProcfileError(f"{found[1]}: cannot fill in {error} in: {found[2]}") from error
    return Program(name=found[1], arguments=tuple(words))
