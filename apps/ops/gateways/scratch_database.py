"""An empty database beside the desk's own, dropped again at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections
from psycopg import sql

from apps.core.errors import Conflict
from tradingdesk.embedded import admin_dsn


class NoScratchDatabase(Conflict):
    """The owner's login may not make a database; `ALTER ROLE … CREATEDB` allows it."""

    default_code = "NO_SCRATCH_DATABASE"


@contextmanager
def scratch_database() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of a new database of the desk's owner, and how psycopg connects to it.

    :raises NoScratchDatabase: when the login may not make one.
    """
    owner = connections["owner"]
    settings = owner.settings_dict
    name = f"{settings['NAME']}_verify"
    values = owner.get_connection_params() | {"dbname": name}
    values = {key: v for key, v in values.items() if key not in {"context", "cursor_factory"}}
    with _administrator() as connection:
        _drop(connection, name)
        try:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(name), sql.Identifier(settings["USER"])
                )
            )
        except psycopg.errors.InsufficientPrivilege as error:
            raise NoScratchDatabase(database=name, login=settings["USER"]) from error
    try:
        yield name, values
    finally:
        with _administrator() as connection:
            _drop(connection, name)


def _administrator() -> psycopg.Connection[Any]:
    """Return who may make databases: the embedded server's superuser, elsewhere the owner."""
    home = os.environ.get("DESK_EMBEDDED")
    if home:
        return psycopg.connect(admin_dsn(Path(home)), autocommit=True)
    values = connections["owner"].get_connection_params()
    values = {key: v for key, v in values.items() if key not in {"context", "cursor_factory"}}
    return psycopg.connect(**values, autocommit=True)


def _drop(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )
