"""Reading the environment: loud when a value is missing, `NAME_FILE` accepted for secrets."""

from __future__ import annotations

import os
from pathlib import Path

import environ

env = environ.Env()


def secret(name: str, *, default: str | None = None) -> str:
    """Return a secret from `NAME` or from the file that `NAME_FILE` names.

    :raises SystemExit: when neither is set and there is no default, or both are set.
    """
    value, file = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value and file:
        raise SystemExit(f"Both {name} and {name}_FILE are set; keep one of them.")
    if file:
        path = Path(file)
        if not path.is_file():
            raise SystemExit(f"{name}_FILE names {file}, which is not a file.")
        return path.read_text().strip()
    if value:
        return value
    if default is None:
        raise SystemExit(
            f"{name} is not set. Set {name} or {name}_FILE (see .env.example), "
            "or start the desk with `make run`, which generates what it needs."
        )
    return default
