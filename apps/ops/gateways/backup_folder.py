"""Where backups lie: one folder each, complete or not there at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.conf import settings

from apps.core.errors import DeskError
from apps.ops.domain.manifest import (
    DUMP_FILE,
    MANIFEST_FILE,
    BackupBroken,
    Manifest,
    read_manifest,
)

PARTIAL: Final = ".partial"
_BLOCK: Final = 1 << 20


class NoSuchBackup(DeskError):
    """There is no backup of that name; `known` are the newest."""

    default_code = "NO_SUCH_BACKUP"
    status = 404


def root() -> Path:
    """Return the folder of all backups, private to the desk's user."""
    folder = Path(settings.BACKUP_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def names() -> list[str]:
    """Return the complete backups, newest first."""
    found = [path.parent.name for path in root().glob(f"*/{MANIFEST_FILE}")]
    return sorted((name for name in found if not name.endswith(PARTIAL)), reverse=True)


@contextmanager
def new_folder(name: str) -> Iterator[Path]:
    """Yield a folder that gets its name when the body ends well, and vanishes when it does not."""
    draft, final = root() / f"{name}{PARTIAL}", root() / name
    draft.mkdir(mode=0o700)
    try:
        yield draft
        _sync(draft)
        draft.rename(final)
        _sync(final.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a private folder beside the backups, where there is room for the plain SQL."""
    folder = root() / f"scratch-{os.getpid()}{PARTIAL}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest last: a folder without one is no backup."""
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest.as_dict(), indent=1, sort_keys=True))


def find(name: str) -> tuple[Manifest, Path]:
    """Return a backup's manifest and its dump file, whose checksum was found right.

    :raises NoSuchBackup: there is none of that name.
    :raises BackupBroken: a file is missing or differs from the manifest.
    """
    if name not in names():
        raise NoSuchBackup(backup=name, known=names()[:3])
    folder = root() / name
    try:
        manifest = read_manifest(json.loads((folder / MANIFEST_FILE).read_text()))
    except ValueError as error:
        raise BackupBroken(file=MANIFEST_FILE, message=str(error)) from error
    file = folder / DUMP_FILE
    if not file.is_file():
        raise BackupBroken(file=DUMP_FILE, message="missing")
    digest, size = measure(file)
    if (digest, size) != (manifest.sha256, manifest.bytes):
        raise BackupBroken(file=DUMP_FILE, expected=manifest.sha256[:12], found=digest[:12])
    return manifest, file


def summaries() -> list[Manifest]:
    """Return the manifests of all backups that can be read, newest first."""
    found = []
    for name in names():
        try:
            found.append(read_manifest(json.loads((root() / name / MANIFEST_FILE).read_text())))
        except (ValueError, BackupBroken):
            continue
    return found


def measure(file: Path) -> tuple[str, int]:
    """Return SHA-256 and size in bytes."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest(), file.stat().st_size


def remove(name: str) -> None:
    """Delete one backup."""
    shutil.rmtree(root() / name)


def _sync(folder: Path) -> None:
    """Make what was written survive a power cut."""
    for path in (*folder.iterdir(), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
