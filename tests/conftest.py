"""What every test stands on: embedded servers of the suite, a database and a Redis prefix a worker.

The environment is set when this file is imported, before Django reads its settings; subprocesses
that a test starts inherit it and so meet the same databases.
"""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator

import django
import psycopg
import pytest
import redis
import structlog
from celery import current_app
from django.db import connections
from django.test import TransactionTestCase

from tests.databases import ACCESS, HOME, Names, Restorer, addresses, cloned
from tradingdesk.embedded import admin_dsn, ensure

pytest_plugins = ["tests.conformance.plugin", "tests.approvals.people"]

# Files by what they take; the rest take less. Backups come before what the simulation adds to the
# worker's database, a schema of its own.
LONGEST = (
    "test_kills", "tests/chaos/", "test_backup", "test_seeds", "test_sequences", "tests/browser/", "test_state_persistence",
    "test_control_process", "test_feed", "test_fallback_mechanisms", "test_over_http", "test_cards",
    "tests/scenarios/", "tests/house/", "test_survival",
)  # fmt: skip

os.environ.setdefault("DESK_TEST_RUN", str(os.getpid()))
NAMES = Names(run=os.environ["DESK_TEST_RUN"], worker=os.environ.get("PYTEST_XDIST_WORKER", "main"))
os.environ.update(addresses(NAMES.desk, NAMES.simulator))
os.environ.update(
    {
        "DJANGO_SETTINGS_MODULE": "tradingdesk.settings",
        "DEBUG": "1",
        "REDIS_PREFIX": NAMES.prefix,
        "SECRET_KEY": "only-for-tests-" + "x" * 50,
        "DESK_KEYRING": "k1:" + base64.b64encode(b"t" * 32).decode(),
        "DESK_MARK_KEY": "5e" * 32,
        "SIMULATOR_TOKEN": "only-for-tests",
        "SENTRY_DSN": "",
    }
)
for _name in ("PORT", "SIMULATOR_PORT", "SIMULATOR_URL", "DESK_GENERATED_SECRETS", "REHEARSAL"):
    os.environ.pop(_name, None)
django.setup()


def pytest_configure(config: pytest.Config) -> None:
    """Workers of xdist must read the settings after their own copy of this file has named theirs."""
    if getattr(config.option, "numprocesses", None):
        del os.environ["DJANGO_SETTINGS_MODULE"]


@pytest.fixture(scope="session")
def embedded_servers() -> None:
    """PostgreSQL and Redis of the suite, shared by all workers and runs of this checkout."""
    ensure(HOME, careless=True)


@pytest.fixture(scope="session")
def redis_server(embedded_servers: None) -> Iterator[redis.Redis]:
    """A client of the suite's Redis; the worker's own keys start with REDIS_PREFIX."""
    client = redis.Redis.from_url(ACCESS.redis_url())
    yield client
    for key in client.scan_iter(f"*{NAMES.prefix}*", count=1000):
        client.delete(key)
    client.close()


@pytest.fixture(scope="session")
def django_db_setup(
    redis_server: redis.Redis, django_db_blocker: object
) -> Iterator[tuple[Restorer, ...]]:
    """Replace pytest-django's: clones instead of migrations, rows put back instead of a flush."""
    with cloned(NAMES):
        restorers = (Restorer(NAMES.desk), Restorer(NAMES.simulator))
        for restorer in restorers:
            restorer.remember()
        flush = TransactionTestCase._fixture_teardown
        TransactionTestCase._fixture_teardown = lambda _: [r.restore() for r in restorers]
        yield restorers
        TransactionTestCase._fixture_teardown = flush
        connections.close_all()


@pytest.fixture(autouse=True)
def _no_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Log context ends with its test, and so does what it cached (throttles, lockouts) or made current."""
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()
    assert current_app.main == "tradingdesk", "a test left its own Celery application current"
    # instruments and candles kept in memory belong to the rows of this test
    from apps.marketdata.queries import forget

    forget()
    if "django_db_setup" in request.fixturenames:
        client = request.getfixturevalue("redis_server")
        for key in client.scan_iter(f"{NAMES.prefix}:cache*", count=1000):
            client.delete(key)


@pytest.fixture
def owner_connection(django_db_setup: object) -> Iterator[psycopg.Connection]:
    """An autocommit connection to the worker's database as desk_owner."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def superuser_connection(django_db_setup: object) -> Iterator[psycopg.Connection]:
    """An autocommit connection to the worker's database as superuser."""
    with psycopg.connect(admin_dsn(HOME, database=NAMES.desk), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The system's Chromium; without one the test is skipped, but fails under CI."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        missing = "no Chromium found: apt-get install chromium, or set CHROMIUM to its path"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def _turn(item: pytest.Item) -> int:
    """Return how early a test begins, so that no worker is left with a long one at the end."""
    return next((n for n, part in enumerate(LONGEST) if part in item.nodeid), len(LONGEST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first; what needs real testnet keys is skipped without them, with the reason."""
    items.sort(key=_turn)
    if os.environ.get("TESTNET_KEY") and os.environ.get("TESTNET_SECRET"):
        return
    without_keys = pytest.mark.skip(reason="no testnet keys: set TESTNET_KEY and TESTNET_SECRET")
    for item in items:
        if item.get_closest_marker("testnet"):
            item.add_marker(without_keys)
