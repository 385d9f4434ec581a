"""Bring the desk back to a backup, and keep it from trading until its books were compared."""

from __future__ import annotations

from typing import Final

from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from apps.audit.actions.record import record
from apps.core.actor import Actor
from apps.core.errors import Conflict
from apps.ops.actions.take_backup import row_counts, take_backup
from apps.ops.domain.manifest import Manifest, check_migrations, check_rows
from apps.ops.gateways import backup_folder, postgres_tools
from apps.reconciliation.actions.require_reconciliation import require_reconciliation
from apps.venues.models import VenueAccount

# Another login's row shows little more than who it is; autovacuum has no login.
_OTHERS: Final = """
SELECT count(*), coalesce(string_agg(DISTINCT usename, ', '), '') FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
"""


class DeskIsRunning(Conflict):
    """Other processes use the database; stop the desk first."""

    default_code = "DESK_IS_RUNNING"


def restore_backup(*, actor: Actor, name: str, reason: str) -> tuple[Manifest, Manifest]:
    """Replace the desk's database by a backup; return it and the snapshot taken just before.

    The desk must be stopped. The backup is proved whole first; loading is one transaction; the
    numbers of rows are compared with the manifest; then the schema is brought up to this build
    and every account is set reducing until its books were found equal to the venue's.

    :raises NoSuchBackup: :raises BackupBroken: :raises BackupTooNew: nothing was changed.
    :raises DeskIsRunning: nothing was changed.
    :raises ToolFailed: nothing was changed.
    """
    manifest, file = backup_folder.find(name)
    check_migrations(manifest, known=known_migrations())
    _check_alone()
    before = take_backup(actor=actor, reason="before-restore")
    connections.close_all()
    with backup_folder.scratch_folder() as scratch:
        postgres_tools.load(file=file, scratch=scratch)
    with connections["owner"].cursor() as cursor:
        check_rows(manifest, found=row_counts(cursor))
    call_command("migrate", database="owner", verbosity=0)
    ids = list(VenueAccount.objects.filter(archived_at=None).values_list("id", flat=True))
    words = f"restored from the backup of {manifest.created_at}"
    require_reconciliation(actor=actor, account_ids=ids, reason=words)
    record(
        actor=actor, verb="backup.restore", subject=("backup", name, name), reason=reason,
        after={"audit_head": manifest.audit_head, "before": before.name, "accounts": len(ids)},
    )  # fmt: skip
    return manifest, before


def known_migrations() -> tuple[str, ...]:
    """Return `app.name` of every migration of this build."""
    found = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    return tuple(f"{app}.{name}" for app, name in found)


def _check_alone() -> None:
    connections.close_all()
    with connections["owner"].cursor() as cursor:
        cursor.execute(_OTHERS)
        count, logins = cursor.fetchone()
    if count:
        raise DeskIsRunning(connections=count, logins=logins, message="Stop the desk first.")
