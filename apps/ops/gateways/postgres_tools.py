"""pg_dump, pg_restore and psql as they come with the desk.

The system's own tools are not used: an older pg_dump refuses a newer server. django-dbbackup
turns Django's connection settings (TLS, password files, services) into what the tools read; its
own dump knows no exported snapshot and its restore does not empty a schema that has moved on.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from dbbackup.db.postgresql import PgDumpConnector, parse_postgres_settings

from apps.core.errors import DeskError
from tradingdesk.embedded.binaries import postgres_program

# Everything of the desk in the schema, whatever build made it. Default rights go first: a dump
# grants what each table has, and counts on new tables having none.
EMPTY: Final = """
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM desk_app, desk_audit;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM desk_app;
DO $$
DECLARE found record;
BEGIN
    FOR found IN SELECT oid::regclass AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    LOOP EXECUTE format('DROP TABLE IF EXISTS %s CASCADE', found.name); END LOOP;
    FOR found IN SELECT oid::regclass AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'
    LOOP EXECUTE format('DROP VIEW IF EXISTS %s CASCADE', found.name); END LOOP;
    FOR found IN SELECT oid::regclass AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
    LOOP EXECUTE format('DROP SEQUENCE IF EXISTS %s CASCADE', found.name); END LOOP;
    FOR found IN SELECT oid::regprocedure AS name FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
    LOOP EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', found.name); END LOOP;
END
$$;
"""


class ToolFailed(DeskError):
    """A PostgreSQL tool ended with an error; `message` holds its own words."""

    default_code = "DATABASE_TOOL_FAILED"
    status = 500


def dump(*, file: Path, snapshot: str) -> None:
    """Write the whole desk as of an exported snapshot to `file`, in pg_dump's custom format.

    :raises ToolFailed: when pg_dump does.
    """
    where, secrets = _connection()
    options = ["--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={file}"]
    _run("pg_dump", *options, where, secrets=secrets)


def load(*, file: Path, scratch: Path, database: str = "") -> None:
    """Replace everything in `database` (the desk's own without a name) by the dump, or nothing.

    Emptying and loading are one transaction: whatever fails leaves the database as it was.
    `scratch` is a folder for the plain SQL, as large as the desk.

    :raises ToolFailed: when pg_restore or psql does.
    """
    where, secrets = _connection(database)
    before, script = scratch / "empty.sql", scratch / "desk.sql"
    before.write_text(EMPTY)
    _run("pg_restore", "--no-owner", f"--file={script}", str(file))
    _run(
        "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=on", "--single-transaction",
        where, f"--file={before}", f"--file={script}", secrets=secrets,
    )  # fmt: skip


def _connection(database: str = "") -> tuple[str, dict[str, str]]:
    """Return the owner's address as an option, and what belongs into the environment."""
    connector = PgDumpConnector("owner")
    if database:
        connector.settings["NAME"] = database
    where, secrets = parse_postgres_settings(connector)
    return where, {name: str(value) for name, value in secrets.items()}


def _run(program: str, *words: str, secrets: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        [postgres_program(program), *words],
        env=os.environ | (secrets or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ToolFailed(program=program, message=done.stderr.strip()[-1000:])
