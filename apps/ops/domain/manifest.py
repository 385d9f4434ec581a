"""What a backup says of itself, so that a restore can prove that it brought everything back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from apps.core.errors import Conflict, InvalidInput

FORMAT: Final = 1
DUMP_FILE: Final = "desk.dump"
MANIFEST_FILE: Final = "manifest.json"


class BackupBroken(InvalidInput):
    """The backup is not whole; `file` or `table` says where it differs from its manifest."""

    default_code = "BACKUP_BROKEN"


class BackupTooNew(Conflict):
    """The backup was made by a newer build; restore it with that build or a later one."""

    default_code = "BACKUP_TOO_NEW"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup: what it holds, from which instant, and how to tell that it is whole.

    `rows` counts every table in the very snapshot that was dumped; `audit_head` is the last
    audit row of it (seq, time, verb); `migrations` are `app.name`; `sha256` and `bytes` are of the
    dump file.
    """

    name: str
    reason: str
    created_at: str
    build: str
    server: str
    migrations: tuple[str, ...]
    rows: Mapping[str, int]
    audit_head: Mapping[str, Any]
    sha256: str
    bytes: int
    seconds: float
    format: int = FORMAT

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"migrations": list(self.migrations), "rows": dict(self.rows)}


def read_manifest(content: Mapping[str, Any]) -> Manifest:
    """Return the manifest in `content`.

    :raises BackupBroken: when a part is missing, or the format is another one.
    """
    if content.get("format") != FORMAT:
        raise BackupBroken(file=MANIFEST_FILE, format=content.get("format"), known=FORMAT)
    try:
        return Manifest(**{**content, "migrations": tuple(content["migrations"])})
    except (TypeError, KeyError) as error:
        raise BackupBroken(file=MANIFEST_FILE, message=str(error)) from error


def check_migrations(manifest: Manifest, *, known: Sequence[str]) -> None:
    """Refuse a backup whose schema this build does not know.

    :raises BackupTooNew: with the first unknown migrations.
    """
    unknown = sorted(set(manifest.migrations) - set(known))
    if unknown:
        raise BackupTooNew(backup=manifest.name, unknown=unknown[:3])


def check_rows(manifest: Manifest, *, found: Mapping[str, int]) -> None:
    """Refuse a restored database that holds other numbers of rows than the manifest.

    :raises BackupBroken: names the first table that differs.
    """
    for table in sorted(manifest.rows.keys() | found.keys()):
        expected, got = manifest.rows.get(table, 0), found.get(table, 0)
        if expected != got:
            raise BackupBroken(table=table, expected=expected, found=got)
