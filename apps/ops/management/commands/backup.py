"""`manage.py backup`: take, list and verify backups of the desk."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from apps.core.actor import Actor
from apps.core.errors import DeskError
from apps.ops.actions.prune_backups import prune_backups
from apps.ops.actions.restore_backup import known_migrations
from apps.ops.actions.take_backup import applied_migrations, take_backup
from apps.ops.actions.verify_backup import verify_backup
from apps.ops.domain.manifest import Manifest
from apps.ops.gateways import backup_folder


class Command(BaseCommand):
    """`take` while the desk runs, `list`, `verify` into a scratch database."""

    help = "Back up the desk's database, list backups, or prove that one can be restored."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the verb and its words."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        take = verbs.add_parser("take", help="dump one consistent instant; the desk goes on")
        take.add_argument("--reason", default="manual", help="becomes part of the name")
        take.add_argument(
            "--if-migrations-wait", action="store_true",
            help="only when this build would change the schema of a desk that has one",
        )  # fmt: skip
        verify = verbs.add_parser("verify", help="restore into a scratch database and count")
        verify.add_argument("name", nargs="?", help="the newest without one")
        for sub in (take, verify, verbs.add_parser("list", help="newest first")):
            sub.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb; exit 1 with the reason when it fails."""
        actor = Actor.task("backup")
        try:
            if options["verb"] == "list":
                self._tell(backup_folder.summaries(), as_json=options["json"])
            elif options["verb"] == "verify":
                newest = backup_folder.names()[:1]
                if not (options["name"] or newest):
                    raise CommandError("There is no backup yet: manage.py backup take")
                found = verify_backup(actor=actor, name=options["name"] or newest[0])
                self._tell([found], as_json=options["json"])
                self.stderr.write("Restored into a scratch database: every row is there.")
            elif not options["if_migrations_wait"] or migrations_wait():
                taken = take_backup(actor=actor, reason=options["reason"])
                self._tell([taken], as_json=options["json"])
                for name in prune_backups(keep=settings.BACKUP_KEEP):
                    self.stderr.write(f"removed {name}")
        except DeskError as error:
            raise CommandError(str(error)) from error

    def _tell(self, manifests: list[Manifest], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"backups": [m.as_dict() for m in manifests]}))
            return
        if not manifests:
            self.stdout.write("No backups yet.")
        for m in manifests:
            rows = sum(m.rows.values())
            self.stdout.write(
                f"{m.name}  {m.bytes / 1e6:.1f} MB  {rows} rows in {len(m.rows)} tables  "
                f"audit up to {m.audit_head.get('seq', '–')}  {m.seconds} s"
            )


def migrations_wait() -> bool:
    """Return whether the database has a schema, and this build would change it."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.django_migrations') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return False
        applied = applied_migrations(cursor)
    ours = {name for name in known_migrations() if not name.startswith("simulator.")}
    return bool(applied) and bool(ours - set(applied))
