"""Back up the desk: one consistent instant, with a manifest that says what is in it."""

from __future__ import annotations

import re
import time
from typing import Any, Final

from django.conf import settings
from django.db import connections, transaction
from psycopg import sql

from apps.audit.actions.record import record
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import InvalidInput
from apps.ops.domain.manifest import DUMP_FILE, Manifest
from apps.ops.gateways import backup_folder, postgres_tools

_TABLES: Final = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
    AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""
_HEAD: Final = "SELECT seq, at::text, verb FROM audit_auditevent ORDER BY seq DESC LIMIT 1"
_REASON: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def take_backup(*, actor: Actor, reason: str) -> Manifest:
    """Back up the desk's own database and return the manifest; it is complete or not there.

    The counts and the dump see one exported snapshot, while the desk goes on. The simulated
    exchange has its own books and is left alone, as any venue is. `reason` becomes part of the
    name: lower-case words with hyphens.

    :raises InvalidInput: `BACKUP_REASON` for a reason that cannot be a folder's name.
    :raises ToolFailed: pg_dump's own words.
    """
    if not _REASON.fullmatch(reason):
        raise InvalidInput("BACKUP_REASON", reason=reason, message="lower-case words and hyphens")
    moment, started = now(), time.monotonic()
    name = f"{moment:%Y%m%d-%H%M%S-%f}-{reason}"
    with backup_folder.new_folder(name) as folder:
        file = folder / DUMP_FILE
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_export_snapshot(), current_setting('server_version')")
            snapshot, server = cursor.fetchone()
            # No table is touched before pg_dump has locked and left all of them: what waits for one
            # of our locks would hold up pg_dump, for which we wait, and nobody would see the circle.
            postgres_tools.dump(file=file, snapshot=snapshot)
            seen: dict[str, Any] = {
                "rows": row_counts(cursor),
                "audit_head": _audit_head(cursor),
                "migrations": applied_migrations(cursor),
            }
        digest, size = backup_folder.measure(file)
        manifest = Manifest(
            name=name, reason=reason, created_at=moment.isoformat(), build=settings.BUILD,
            server=server, sha256=digest, bytes=size,
            seconds=round(time.monotonic() - started, 2), **seen,
        )  # fmt: skip
        backup_folder.write_manifest(folder, manifest)
    record(
        actor=actor, verb="backup.take", subject=("backup", name, name), reason=reason,
        after={"bytes": size, "sha256": digest, "audit_head": manifest.audit_head},
    )  # fmt: skip
    return manifest


def row_counts(cursor: Any) -> dict[str, int]:
    """Return the number of rows of every table, partitions counted with their parent."""
    cursor.execute(_TABLES)
    counts = [
        sql.SQL("SELECT {}, count(*) FROM {}").format(sql.Literal(t), sql.Identifier(t))
        for (t,) in cursor.fetchall()
    ]
    cursor.execute(sql.SQL(" UNION ALL ").join(counts))
    return dict(cursor.fetchall())


def applied_migrations(cursor: Any) -> tuple[str, ...]:
    """Return `app.name` of every migration that the database has had."""
    cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
    return tuple(name for (name,) in cursor.fetchall())


def _audit_head(cursor: Any) -> dict[str, Any]:
    cursor.execute(_HEAD)
    row = cursor.fetchone()
    return dict(zip(("seq", "at", "verb"), row, strict=True)) if row else {}
