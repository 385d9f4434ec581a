"""The embedded PostgreSQL: makes its folder once, starts, gets ready, stops."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg import sql

from tradingdesk.embedded.access import Access
from tradingdesk.embedded.binaries import identity, postgres_program
from tradingdesk.supervisor.parentage import bound_to_parent
from tradingdesk.supervisor.records import birth

ROLES = ("desk_owner", "desk_app", "desk_audit", "desk_simulator")
DATABASES = {"desk": "desk_owner", "desk_simulator": "desk_simulator"}
_INITDB = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)
_TUNING = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_locks_per_transaction": "512",
    "timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %u@%d ",
}
# Only for databases that are thrown away: a power cut may corrupt them.
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class ServerError(RuntimeError):
    """An embedded server could not be started."""


class Postgres:
    """One embedded PostgreSQL server, a child of this process."""

    name = "postgres"

    def __init__(self, access: Access, *, careless: bool = False) -> None:
        self.access = access
        self.data = access.home / "postgres"
        self.log = access.logs / "postgres.log"
        self.settings = _TUNING | (_CARELESS if careless else {})
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, timeout_seconds: float = 60.0) -> None:
        """Start and return when it answers. :raises ServerError: with the end of its log."""
        self._own_folders()
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        self._clear_stale_locks()
        command = [*identity().prefix, postgres_program("postgres"), "-D", str(self.data)]
        command += ["-k", str(self.access.sockets)]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.access.home,
                process_group=0,
                preexec_fn=bound_to_parent(signal.SIGINT),  # noqa: PLW1509 - the parent forks single-threaded
                **identity().arguments(),  # type: ignore[call-overload]
            )
        self._wait(timeout_seconds)
        self._make_roles_and_databases()

    def stop(self, timeout_seconds: float = 8.0) -> None:
        """Stop with a fast shutdown (connections are cut), at the latest by force."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        self.process = None

    def _own_folders(self) -> None:
        """Hand the folders to nobody where PostgreSQL runs as nobody (root without namespaces)."""
        user = identity().user
        if user is None:
            return
        self.access.home.chmod(self.access.home.stat().st_mode | 0o111)
        self.data.mkdir(mode=0o700, exist_ok=True)
        for folder in (self.data, self.access.sockets):
            if folder.stat().st_uid != user:
                for path in (folder, *folder.rglob("*")):
                    os.chown(path, user, user, follow_symlinks=False)

    def _initdb(self) -> None:
        made = subprocess.run(
            [*identity().prefix, postgres_program("initdb"), "-D", str(self.data), *_INITDB],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.access.home,
            **identity().arguments(),  # type: ignore[call-overload]
        )
        if made.returncode:
            raise ServerError(f"initdb failed in {self.data}:\n{made.stdout}{made.stderr}")

    def _clear_stale_locks(self, patience_seconds: float = 15.0) -> None:
        """After kill -9 the old server's lock files stay; wait for its end, then remove them."""
        for lock in (self.data / "postmaster.pid", self.access.sockets / ".s.PGSQL.5432.lock"):
            deadline = time.monotonic() + patience_seconds
            while (pid := _pid_in(lock)) is not None and self._serves_our_data(pid):
                if time.monotonic() > deadline:
                    raise ServerError(f"A PostgreSQL already serves {self.data} (process {pid}).")
                time.sleep(0.05)
            lock.unlink(missing_ok=True)

    def _serves_our_data(self, pid: int) -> bool:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return birth(pid) is not None and os.fsencode(str(self.data)) in command

    def _wait(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                psycopg.connect(self.access.database_url("postgres", "postgres")).close()
            except psycopg.OperationalError as error:
                ended = self.process is None or self.process.poll() is not None
                if ended or time.monotonic() > deadline:
                    self.stop()
                    raise ServerError(
                        f"PostgreSQL did not start: {error}\n{_tail(self.log)}"
                    ) from error
                time.sleep(0.03)
            else:
                return

    def _make_roles_and_databases(self) -> None:
        with psycopg.connect(
            self.access.database_url("postgres", "postgres"), autocommit=True
        ) as connection:
            known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
            for role in ROLES:
                if role not in known:
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
            known = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
            for database, owner in DATABASES.items():
                if database not in known:
                    statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                    connection.execute(
                        statement.format(sql.Identifier(database), sql.Identifier(owner))
                    )


def _pid_in(path: Path) -> int | None:
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _tail(path: Path, length: int = 1500) -> str:
    try:
        return path.read_text(errors="replace")[-length:]
    except OSError:
        return ""
