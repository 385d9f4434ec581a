"""The suite's own footing: roles, clones and the way rows are put back."""

from __future__ import annotations

import os

import psycopg
import pytest
from django.db import connections


@pytest.mark.django_db
def test_tests_run_with_the_rights_of_the_application() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        user, database = cursor.fetchone()
    assert user == "desk_app"
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    assert database == f"t{os.environ['DESK_TEST_RUN']}_{worker}_desk"


@pytest.mark.django_db(databases=["default", "owner", "simulator"])
def test_the_owner_and_the_simulator_have_their_own_roles() -> None:
    users = {}
    for alias in ("owner", "simulator"):
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_user")
            users[alias] = cursor.fetchone()[0]
    assert users == {"owner": "desk_owner", "simulator": "desk_simulator"}


def test_committed_rows_are_gone_and_seeded_rows_are_back(
    django_db_setup, superuser_connection: psycopg.Connection
) -> None:
    count = "SELECT count(*) FROM django_migrations"
    before = superuser_connection.execute(count).fetchone()
    superuser_connection.execute("CREATE TABLE scratch (id int)")
    superuser_connection.execute("INSERT INTO scratch VALUES (1)")
    superuser_connection.execute("DELETE FROM django_migrations")

    for restorer in django_db_setup:
        restorer.restore()

    assert superuser_connection.execute("SELECT count(*) FROM scratch").fetchone() == (0,)
    assert superuser_connection.execute(count).fetchone() == before
    superuser_connection.execute("DROP TABLE scratch")
