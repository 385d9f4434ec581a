"""Databases for the suite: one migrated template, a clone a worker, put back after a test commits.

Migrations run as desk_owner once for each state of the migration files; a clone takes 0.1 s.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from tradingdesk.embedded import Access, admin_dsn
from tradingdesk.supervisor.locks import FileLock

ROOT = Path(__file__).resolve().parents[1]
# Servers of its own for a run that ends them.
HOME = Path(os.environ.get("DESK_TEST_HOME") or ROOT / ".desk-test")
ACCESS = Access(HOME)
TEMPLATES_KEPT = 4
# Whatever a migration may read besides itself; modules of the desk that it imports are added.
_SCHEMA_SOURCES = (
    "apps/*/migrations/**/*.py", "apps/*/migrations/**/*.sql", "apps/*/sql/**/*",
    "apps/*/domain/roles.py", "requirements/base.txt",
)  # fmt: skip
_IMPORT = re.compile(r"^(?:from|import) (apps\.[\w.]+)", re.MULTILINE)


@dataclass(frozen=True)
class Names:
    """The databases and the Redis prefix of one worker of one run."""

    run: str
    worker: str

    @property
    def prefix(self) -> str:
        return f"t{self.run}_{self.worker}"

    @property
    def desk(self) -> str:
        return f"{self.prefix}_desk"

    @property
    def simulator(self) -> str:
        return f"{self.prefix}_simulator"


def addresses(desk: str, simulator: str) -> dict[str, str]:
    """Return the environment that points the desk's settings at these two databases."""
    return {
        "DATABASE_URL": ACCESS.database_url("desk_app", desk),
        "DATABASE_OWNER_URL": ACCESS.database_url("desk_owner", desk),
        "DATABASE_AUDIT_URL": ACCESS.database_url("desk_audit", desk),
        "SIMULATOR_DATABASE_URL": ACCESS.database_url("desk_simulator", simulator),
        "REDIS_URL": ACCESS.redis_url(),
        "DESK_HOME": str(HOME),
        "DESK_EMBEDDED": str(HOME),
    }


@contextmanager
def cloned(names: Names) -> Iterator[None]:
    """Hold a clone of the migrated template for this worker; drop it at the end."""
    with (
        psycopg.connect(admin_dsn(HOME), autocommit=True) as admin,
        FileLock(ACCESS.run / "templates.lock"),
    ):
        _drop_leftovers(admin)
        desk, simulator = templates(admin)
        _create(admin, names.desk, owner="desk_owner", template=desk)
        _create(admin, names.simulator, owner="desk_simulator", template=simulator)
    try:
        yield
    finally:
        with psycopg.connect(admin_dsn(HOME), autocommit=True) as admin:
            _drop(admin, names.desk)
            _drop(admin, names.simulator)


def templates(admin: psycopg.Connection) -> tuple[str, str]:
    """Return the names of both templates, migrating new ones when the schema's sources changed."""
    digest = schema_digest()
    desk, simulator = f"tpl_{digest}_desk", f"tpl_{digest}_simulator"
    done = {row[0] for row in admin.execute("SELECT datname FROM pg_database WHERE datistemplate")}
    if {desk, simulator} <= done:
        return desk, simulator
    _create(admin, desk, owner="desk_owner")
    _create(admin, simulator, owner="desk_simulator")
    _migrate(desk, simulator)
    for name in (desk, simulator):
        admin.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(sql.Identifier(name)))
    return desk, simulator


def schema_digest() -> str:
    """Return a short hash over everything a migration may depend on."""
    files = {path for pattern in _SCHEMA_SOURCES for path in ROOT.glob(pattern) if path.is_file()}
    for migration in [path for path in files if path.parent.name == "migrations"]:
        for module in _IMPORT.findall(migration.read_text()):
            files.add(ROOT / (module.replace(".", "/") + ".py"))
    digest = hashlib.sha256()
    for path in sorted(files):
        if path.is_file():
            digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _migrate(desk: str, simulator: str) -> None:
    environment = os.environ | addresses(desk, simulator)
    command = [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks", "--database"]
    both = {
        words: subprocess.Popen(
            [*command, *words], cwd=ROOT, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for words in (("owner",), ("simulator", "simulator"))
    }  # fmt: skip
    said = {words: process.communicate()[0] for words, process in both.items()}
    for words, process in both.items():
        if process.returncode:
            raise RuntimeError(f"migrate --database {words[0]} failed:\n{said[words]}")


def _drop_leftovers(admin: psycopg.Connection) -> None:
    """Drop what killed runs left behind, and all but the newest templates."""
    found = [r[0] for r in admin.execute("SELECT datname FROM pg_database ORDER BY oid DESC")]
    for name in found:
        run = re.match(r"t(\d+)_", name)
        if run and not Path(f"/proc/{run[1]}").exists():
            _drop(admin, name)
    templates = [name for name in found if name.startswith("tpl_")]
    for name in templates[2 * TEMPLATES_KEPT :]:
        _drop(admin, name)


def _create(
    admin: psycopg.Connection, name: str, *, owner: str, template: str = "template1"
) -> None:
    _drop(admin, name)
    statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
    parts = (sql.Identifier(name), sql.Identifier(owner), sql.Identifier(template))
    admin.execute(statement.format(*parts))


def _drop(admin: psycopg.Connection, name: str) -> None:
    known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    if known:
        identifier = sql.Identifier(name)
        admin.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(identifier))
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


@dataclass
class Restorer:
    """Puts one database back to its freshly migrated rows, past append-only triggers."""

    database: str
    seeds: dict[str, bytes] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    partitions: frozenset[str] = frozenset()

    def remember(self) -> None:
        """Read the rows and the partitions that migrations made."""
        with self._connect() as connection:
            self.partitions = self._partitions(connection)
            self.digests = self._digests(connection)
            for table in self.digests:
                with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
                    self.seeds[table] = b"".join(bytes(block) for block in copy)

    def restore(self) -> None:
        """Delete every row and partition that a test made, put seeded rows back where they differ."""
        with self._connect() as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute("SET LOCAL lock_timeout = '15s'")
            for partition in self._partitions(connection) - self.partitions:
                connection.execute(f"DROP TABLE {partition}")
            found = self._digests(connection)
            for table in {*found, *self.digests}:
                if found.get(table) == self.digests.get(table):
                    continue
                connection.execute(f"DELETE FROM {table}")
                if table in self.seeds:
                    with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                        copy.write(self.seeds[table])

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(admin_dsn(HOME, database=self.database))

    @staticmethod
    def _partitions(connection: psycopg.Connection) -> frozenset[str]:
        found = connection.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relispartition"
        ).fetchall()
        return frozenset(name for (name,) in found)

    @staticmethod
    def _digests(connection: psycopg.Connection) -> dict[str, str]:
        """Return table → hash of its rows, for tables that hold any."""
        tables = connection.execute(
            "SELECT c.oid::regclass::text FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = 'public'"
        ).fetchall()
        if not tables:
            return {}
        filled = connection.execute(
            " UNION ALL ".join(f"SELECT '{t}' WHERE EXISTS (SELECT 1 FROM {t})" for (t,) in tables)
        ).fetchall()
        if not filled:
            return {}
        rows = connection.execute(
            " UNION ALL ".join(
                f"SELECT '{t}', md5(string_agg(r::text, '|' ORDER BY r::text)) FROM"
                f" (SELECT * FROM {t} LIMIT 5000) r"
                for (t,) in filled
            )
        ).fetchall()
        return dict(rows)
