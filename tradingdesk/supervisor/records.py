"""Small JSON records in the run folder, replaced atomically, and the question "does it live?"."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_record(path: Path, content: dict[str, Any]) -> None:
    """Replace ``path`` by ``content``; a reader sees the old or the new, never a half."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(content, indent=1) + "\n")
    draft.replace(path)


def read_record(path: Path) -> dict[str, Any]:
    """Return the record, or an empty one when it is absent or not JSON."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def birth(pid: int) -> str | None:
    """Return the start time of a living process (clock ticks), None when gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else fields[19]
