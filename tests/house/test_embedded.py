"""The embedded servers: shared by commands, gone with the last one, safe against kill -9."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import environ
import psycopg
import pytest
import redis

from tests.house.desks import ROOT, living, wait_for
from tradingdesk.embedded import Access, EmbeddedError, EmbeddedServices, admin_dsn
from tradingdesk.embedded.environment import (
    ADDRESSES,
    forget_other_home,
    name_servers,
    needs_servers,
)
from tradingdesk.embedded.generated import GENERATORS, export_secrets
from tradingdesk.supervisor.records import read_record

USER = """
import sys, time
from pathlib import Path
from tradingdesk.embedded import ensure
services = ensure(Path(sys.argv[1]), careless=True)
print(services.record()["keeper"], flush=True)
sys.stdin.readline()
"""


DATABASE_AND_USER = (
    "from django.db import connection as c; k = c.cursor();"
    " k.execute('SELECT current_database(), current_user'); print(*k.fetchone())"
)


def user_of(home: Path) -> subprocess.Popen[str]:
    """A command that uses the servers until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(home)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def end(user: subprocess.Popen[str]) -> None:
    user.communicate("\n", timeout=20)


def test_two_commands_at_once_share_the_servers_and_the_last_one_ends_them(tmp_path: Path) -> None:
    first, second = user_of(tmp_path), user_of(tmp_path)
    assert first.stdout is not None
    assert second.stdout is not None
    keepers = {int(first.stdout.readline()), int(second.stdout.readline())}
    assert len(keepers) == 1
    pids = read_record(tmp_path / "run" / "services.json")["pids"]

    end(first)
    with psycopg.connect(admin_dsn(tmp_path)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    end(second)

    wait_for(lambda: not living([*pids.values(), *keepers]), 5)


def test_a_killed_command_leaves_no_server_behind(tmp_path: Path) -> None:
    user = user_of(tmp_path)
    assert user.stdout is not None
    keeper = int(user.stdout.readline())
    pids = read_record(tmp_path / "run" / "services.json")["pids"]
    user.kill()
    user.communicate()
    wait_for(lambda: not living([keeper, *pids.values()]), 10)


def test_committed_rows_survive_kill_nine_of_keeper_and_servers(tmp_path: Path) -> None:
    services = EmbeddedServices(tmp_path)
    services.start()
    with psycopg.connect(services.access.database_url("desk_owner", "desk")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    client = redis.Redis.from_url(services.access.redis_url())
    client.set("kept", "yes")
    time.sleep(1.2)  # the append-only file is flushed once a second
    for pid in [services.record()["keeper"], *services.pids().values()]:
        os.kill(pid, signal.SIGKILL)

    wait_for(services.lost)
    services.start()

    with psycopg.connect(services.access.database_url("desk_owner", "desk")) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert client.get("kept") == b"yes"
    client.close()
    assert services.stop() is True


def test_the_run_folder_is_private_and_only_the_superuser_creates_databases(tmp_path: Path) -> None:
    services = EmbeddedServices(tmp_path, careless=True)
    services.start()
    assert stat.S_IMODE(services.access.sockets.stat().st_mode) == 0o700
    with psycopg.connect(admin_dsn(tmp_path)) as admin:
        rows = admin.execute(
            "SELECT rolname, rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles"
            " WHERE rolname LIKE 'desk%' ORDER BY 1"
        ).fetchall()
    assert rows == [
        ("desk_app", False), ("desk_audit", False), ("desk_owner", False), ("desk_simulator", False),
    ]  # fmt: skip
    services.stop()


def test_a_long_data_folder_gets_a_short_socket_folder(tmp_path: Path) -> None:
    access = Access(tmp_path / ("long" * 30))
    assert len(f"{access.sockets}/.s.PGSQL.5432.lock") < 108
    assert access.sockets != access.run
    services = EmbeddedServices(access.home, careless=True)
    services.start()
    with psycopg.connect(admin_dsn(access.home)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    services.stop()


def test_addresses_are_read_alike_by_django_environ_and_by_libpq(tmp_path: Path) -> None:
    names: dict[str, str] = {}
    name_servers(Access(tmp_path / "a b&c"), names)
    assert set(names) == {*ADDRESSES, "DESK_EMBEDDED"}
    parsed = environ.Env.db_url_config(names["DATABASE_URL"])
    assert (parsed["NAME"], parsed["USER"]) == ("desk", "desk_app")
    assert parsed["OPTIONS"]["host"] == str(tmp_path / "a b&c" / "run")
    native = psycopg.conninfo.conninfo_to_dict(names["DATABASE_URL"])
    assert native == {
        "user": "desk_app", "dbname": "desk", "host": str(tmp_path / "a b&c" / "run"),
    }  # fmt: skip


def test_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    first: dict[str, str] = {"SECRET_KEY_FILE": "/run/secrets/key"}
    second: dict[str, str] = {}
    export_secrets(tmp_path / "secrets", first)
    export_secrets(tmp_path / "secrets", second)
    assert "SECRET_KEY" not in first
    assert first["DESK_KEYRING"] == second["DESK_KEYRING"]
    assert set(second["DESK_GENERATED_SECRETS"].split(",")) == set(GENERATORS)
    modes = {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "secrets").iterdir()}
    assert modes == {0o600}


def test_a_child_process_with_another_data_folder_forgets_the_addresses_of_its_parent() -> None:
    mine = {"DESK_EMBEDDED": "/one", "DATABASE_URL": "x", "REDIS_URL": "y"}
    forget_other_home(Access(Path("/one")), mine)
    assert mine["DATABASE_URL"] == "x"
    forget_other_home(Access(Path("/two")), mine)
    assert mine == {}


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("manage.py", False),
        ("manage.py help", False),
        ("manage.py migrate --help", False),
        ("manage.py collectstatic --noinput", False),
        ("manage.py desk", False),
        ("manage.py migrate", True),
        ("manage.py invariants --json", True),
    ],
)
def test_only_commands_that_touch_a_database_start_the_servers(line: str, needed: bool) -> None:
    assert needs_servers(line.split()) is needed


def manage(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"DESK_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_starts_the_servers_of_its_folder_and_ends_them(tmp_path: Path) -> None:
    done = manage(tmp_path, "shell", "-v", "0", "-c", DATABASE_AND_USER)
    assert done.stdout.split() == ["desk", "desk_app"], done.stderr
    assert (tmp_path / "postgres" / "PG_VERSION").exists()
    assert not (tmp_path / "run" / "services.json").exists()


def test_a_command_without_need_of_a_database_starts_nothing(tmp_path: Path) -> None:
    assert manage(tmp_path, "help").returncode == 0
    assert not (tmp_path / "postgres").exists()


def test_a_server_that_is_held_down_is_named_and_not_started_twice(tmp_path: Path) -> None:
    os.environ["DESK_CRASH_LIMIT"] = "1"
    services = EmbeddedServices(tmp_path, careless=True)
    try:
        services.start()
    finally:
        del os.environ["DESK_CRASH_LIMIT"]
    os.kill(services.pids()["redis"], signal.SIGKILL)
    wait_for(lambda: services.record().get("state") == "held")
    with pytest.raises(EmbeddedError, match="redis crashed too often and is held down"):
        EmbeddedServices(tmp_path).start()
    assert services.stop() is True
