"""Secrets that a first run makes for itself; a production desk brings its own."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable, MutableMapping
from pathlib import Path


def _keyring() -> str:
    return f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}"


GENERATORS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "DESK_KEYRING": _keyring,
    "DESK_MARK_KEY": lambda: secrets.token_hex(32),
    "SIMULATOR_TOKEN": lambda: secrets.token_urlsafe(32),
}


def export_secrets(folder: Path, environment: MutableMapping[str, str]) -> None:
    """Set each secret that is absent from ``folder``, making it there (mode 0600) when new.

    DESK_GENERATED_SECRETS names them, so that a production check can refuse them.
    """
    absent = [n for n in GENERATORS if not environment.get(n) and not environment.get(f"{n}_FILE")]
    if not absent:
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in absent:
        environment[name] = _read_or_make(folder / name, GENERATORS[name])
    environment["DESK_GENERATED_SECRETS"] = ",".join(absent)


def _read_or_make(path: Path, make: Callable[[], str]) -> str:
    """Two first runs at once must agree, so the file appears whole and only once."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(make() + "\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
