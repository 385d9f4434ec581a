"""`manage.py audit export`: the record as JSON lines, oldest first."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.timezone import get_current_timezone, is_naive, make_aware

from apps.audit.actions.record import record
from apps.audit.domain.filters import AuditFilter
from apps.audit.queries import search
from apps.core.actor import Actor

CHUNK = 2000


def moment(text: str) -> datetime:
    """Return an ISO time or day, UTC where it names no zone."""
    found = datetime.fromisoformat(text)
    return make_aware(found, get_current_timezone()) if is_naive(found) else found


class Command(BaseCommand):
    """Streams: the memory it takes does not grow with the record."""

    help = "Export the audit as JSON lines to stdout."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the verb and its filters."""
        parser.add_argument("action", choices=["export"])
        parser.add_argument("--since", type=moment)
        parser.add_argument("--until", type=moment)
        for name in ("actor", "verb", "object-type", "object-id"):
            parser.add_argument(f"--{name}", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the rows, then the export itself into the record."""
        names = ("since", "until", "actor", "verb", "object_type", "object_id")
        wanted = AuditFilter(**{name: options[name] for name in names})
        count = 0
        for row in search(wanted).order_by("seq").values().iterator(chunk_size=CHUNK):
            self.stdout.write(json.dumps(row, cls=DjangoJSONEncoder, sort_keys=True))
            count += 1
        record(
            actor=Actor.task("audit export"), verb="audit.export",
            subject=("audit", "all", "audit"), after={"rows": count},
        )  # fmt: skip
        self.stderr.write(f"{count} rows")
