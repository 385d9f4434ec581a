"""Prove that a backup can be restored: load it into a scratch database and count."""

from __future__ import annotations

import psycopg

from apps.audit.actions.record import record
from apps.core.actor import Actor
from apps.ops.actions.restore_backup import known_migrations
from apps.ops.actions.take_backup import row_counts
from apps.ops.domain.manifest import Manifest, check_migrations, check_rows
from apps.ops.gateways import backup_folder, postgres_tools
from apps.ops.gateways.scratch_database import scratch_database


def verify_backup(*, actor: Actor, name: str) -> Manifest:
    """Restore a backup into a database of its own, compare its rows, drop it again.

    :raises NoSuchBackup: :raises BackupBroken: :raises BackupTooNew: what is wrong with it.
    :raises NoScratchDatabase: the checksum is right, but there is no place to try it.
    """
    manifest, file = backup_folder.find(name)
    check_migrations(manifest, known=known_migrations())
    with scratch_database() as (database, values), backup_folder.scratch_folder() as folder:
        postgres_tools.load(file=file, scratch=folder, database=database)
        with psycopg.connect(**values) as connection, connection.cursor() as cursor:
            check_rows(manifest, found=row_counts(cursor))
    record(
        actor=actor, verb="backup.verify", subject=("backup", name, name),
        after={"tables": len(manifest.rows), "rows": sum(manifest.rows.values())},
    )  # fmt: skip
    return manifest
