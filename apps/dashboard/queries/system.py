"""What the system page shows beside the processes: builds, findings, backups, borrowed prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import F, QuerySet

from apps.core.clock import now
from apps.marketdata.models import Quote
from apps.ops.gateways.backup_folder import summaries
from apps.ops.models import Finding
from apps.risk.models import DeskBuild
from apps.venues.models import VenueAccount

BACKUPS_SHOWN: Final = 14
FINDINGS_SHOWN: Final = 20
# A daily backup may be late by half a day before it is told.
BACKUP_LATE_SECONDS: Final = 36 * 3600
_UNITS: Final = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


@dataclass(frozen=True, slots=True)
class Backup:
    """One complete backup."""

    name: str
    reason: str
    build: str
    made_at: datetime
    size: str
    state: str


def backups() -> list[Backup]:
    """Return the newest complete backups, newest first; only the newest can be late."""
    found = []
    for position, row in enumerate(summaries()[:BACKUPS_SHOWN]):
        made_at = datetime.fromisoformat(row.created_at)
        is_late = position == 0 and (now() - made_at).total_seconds() > BACKUP_LATE_SECONDS
        state = "late" if is_late else "ok"
        found.append(Backup(row.name, row.reason, row.build, made_at, size_words(row.bytes), state))
    return found


def size_words(size: int) -> str:
    """Return bytes as `12.3 MB`."""
    for unit, word in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {word}"
    return f"{size} B"


def findings() -> list[Finding]:
    """Return what the desk's own checks find: open ones first, then the latest (one statement)."""
    found = Finding.objects.order_by(F("resolved_at").desc(nulls_first=True), "-last_seen_at")
    return list(found[:FINDINGS_SHOWN])


def declared_build() -> DeskBuild | None:
    """Return the one build whose processes may send entries."""
    return DeskBuild.objects.first()


def borrowed_prices() -> list[dict[str, Any]]:
    """Return the instruments whose latest price came from another venue (one statement)."""
    found: QuerySet[Any, Any] = Quote.objects.exclude(source_venue="").order_by(
        "instrument__symbol"
    )
    return list(
        found.values(
            "source_venue",
            "observed_at",
            symbol=F("instrument__symbol"),
            venue=F("instrument__venue"),
        )[:100]
    )


def has_simulated_accounts() -> bool:
    """Return whether the faults of the simulated exchange concern this desk."""
    return VenueAccount.objects.filter(environment="simulated", archived_at=None).exists()
