"""Where the embedded servers of a data folder live, and how to reach them. Starts nothing."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_SOCKET_PATH_MAX = 107
_LONGEST_SOCKET_NAME = "/.s.PGSQL.5432.lock"


class SocketFolderError(RuntimeError):
    """The short folder for the sockets cannot be trusted."""


def home() -> Path:
    """Return the data folder of the desk: DESK_HOME, by default .desk beside manage.py."""
    folder = os.environ.get("DESK_HOME") or ".desk"
    return (Path(__file__).resolve().parents[2] / folder).absolute()


@dataclass(frozen=True, slots=True)
class Access:
    """The folders and addresses of one data folder; every path follows from ``home`` alone."""

    home: Path

    @property
    def run(self) -> Path:
        """Locks, records and, when its path is short enough, the sockets."""
        return self.home / "run"

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.home / "logs"

    @property
    def sockets(self) -> Path:
        """The folder of the sockets: `run`, or a short one when a socket path would not fit."""
        if len(os.fsencode(str(self.run))) + len(_LONGEST_SOCKET_NAME) <= _SOCKET_PATH_MAX:
            return self.run
        name = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        base = os.environ.get("XDG_RUNTIME_DIR") or "/tmp"  # noqa: S108 - checked by prepare()
        return Path(base) / f"desk-{os.geteuid()}-{name}"

    @property
    def redis_socket(self) -> Path:
        """The socket of Valkey."""
        return self.sockets / "valkey.sock"

    def prepare(self) -> None:
        """Make the folders, private to this user. :raises SocketFolderError: someone else's."""
        self.home.mkdir(parents=True, exist_ok=True)
        for folder in (self.run, self.logs, self.sockets):
            folder.mkdir(mode=0o700, exist_ok=True)
        found = self.sockets.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise SocketFolderError(f"{self.sockets} is not a folder; remove it.")
        if self.sockets != self.run and found.st_uid != os.geteuid():
            raise SocketFolderError(
                f"{self.sockets} belongs to someone else; use a shorter DESK_HOME."
            )
        self.sockets.chmod(0o700)

    def database_url(self, role: str, database: str) -> str:
        """Return a URL that libpq and django-environ both read."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='')}"

    def redis_url(self, number: int = 0) -> str:
        """Return the URL of one Valkey database."""
        return f"unix://{self.redis_socket}?db={number}"


def admin_dsn(folder: Path | None = None, *, database: str = "postgres") -> str:
    """Return the superuser's connection string (tests and replay make databases with it)."""
    return Access(folder or home()).database_url("postgres", database)
