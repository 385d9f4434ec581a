"""Complete the environment before Django reads its settings."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping, Sequence
from pathlib import Path

import environ

from tradingdesk.embedded.access import Access, home
from tradingdesk.embedded.generated import GENERATORS, export_secrets
from tradingdesk.embedded.services import EmbeddedError, ensure

ADDRESSES = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DATABASE_AUDIT_URL",
    "SIMULATOR_DATABASE_URL",
    "REDIS_URL",
)
_WITHOUT_SERVERS = {
    "check",
    "collectstatic",
    "desk",
    "diffsettings",
    "help",
    "makemessages",
    "replay",  # its desk has servers of its own
    "spectacular",
    "startapp",
    "version",
}
_DOTENV = Path(__file__).resolve().parents[2] / ".env"


def configure_environment(argv: Sequence[str]) -> None:
    """Fill in what the environment lacks: .env, secrets, and the embedded servers' addresses.

    Without DATABASE_URL the servers of DESK_HOME are found or, for commands that need them,
    started for the length of this process.
    """
    if _DOTENV.is_file():
        environ.Env.read_env(_DOTENV)
    access = Access(home())
    forget_other_home(access, os.environ)
    os.environ["DESK_HOME"] = str(access.home)
    export_secrets(access.home / "secrets", os.environ)
    if os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE"):
        return
    name_servers(access, os.environ)
    if needs_servers(argv):
        try:
            ensure(access.home)
        except EmbeddedError as error:
            sys.exit(str(error))


def name_servers(access: Access, environment: MutableMapping[str, str]) -> None:
    """Set the addresses of the embedded servers, whether they run or not."""
    addresses = {
        "DATABASE_URL": access.database_url("desk_app", "desk"),
        "DATABASE_OWNER_URL": access.database_url("desk_owner", "desk"),
        "DATABASE_AUDIT_URL": access.database_url("desk_audit", "desk"),
        "SIMULATOR_DATABASE_URL": access.database_url("desk_simulator", "desk_simulator"),
        "REDIS_URL": access.redis_url(),
    }
    for name, address in addresses.items():
        if not environment.get(name):
            environment[name] = address
    environment["DESK_EMBEDDED"] = str(access.home)


def forget_other_home(access: Access, environment: MutableMapping[str, str]) -> None:
    """Drop addresses and secrets that were made for another data folder by a parent process."""
    other = environment.get("DESK_EMBEDDED")
    if other is None or other == str(access.home):
        return
    generated = environment.get("DESK_GENERATED_SECRETS", "").split(",")
    for name in (*ADDRESSES, "DESK_EMBEDDED", *(n for n in GENERATORS if n in generated)):
        environment.pop(name, None)
    environment.pop("DESK_GENERATED_SECRETS", None)


def needs_servers(argv: Sequence[str]) -> bool:
    """Say whether a command line of manage.py touches a database."""
    if len(argv) < 2 or {"-h", "--help", "--version"} & set(argv):
        return False
    return argv[1] not in _WITHOUT_SERVERS
