"""A real server on the test's database, and a real browser that may complain about nothing."""

from __future__ import annotations

import base64
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from apps.accounts.actions.create_person import NewPerson, create_person
from apps.accounts.actions.sync_roles import sync_roles
from apps.accounts.models import User
from apps.core.actor import Actor
from tests.fixtures import nursery

PASSWORD = "a-long-password-1"
ACTOR = Actor.task("tests")
# Playwright's own loop runs in this thread; the tests still talk to the database directly.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.fixture(scope="session")
def server_address(django_db_setup: object, tmp_path_factory) -> Iterator[str]:
    """A uvicorn process on the worker's database; the address it answers at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    keyring = "k1:" + base64.b64encode(os.urandom(32)).decode()
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as sink:
        process = nursery.start(
            [sys.executable, "-m", "uvicorn", "tradingdesk.asgi:application", "--port", str(port), "--log-level", "warning"],
            env=os.environ | {"DESK_KEYRING": keyring, "SECRET_KEY": base64.b64encode(os.urandom(40)).decode()},
            stdout=sink, stderr=sink,
        )  # fmt: skip
        try:
            _wait(f"http://127.0.0.1:{port}/sign-in/", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def _wait(address: str, process: nursery.Process, log: Path) -> None:
    for _ in range(240):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=5)  # noqa: S310 - our own address
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.25)
    pytest.fail(f"the server did not start:\n{log.read_text()[-2000:]}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the browser tests together on one worker, apart from tests with loops of their own."""
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """The system's Chromium, without a window; Playwright's loop ends with the module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield browser
        browser.close()


@pytest.fixture
def person(transactional_db: None) -> Callable[..., User]:
    """Make a person with a password and roles."""
    sync_roles(actor=ACTOR)

    def make(name: str, *roles: str, **values) -> User:
        who = NewPerson(username=name, roles=roles, password=PASSWORD, **values)
        return create_person(actor=ACTOR, person=who)

    return make


@pytest.fixture
def open_browser(
    chromium: Browser, server_address: str, transactional_db: None
) -> Iterator[Callable[..., Page]]:
    """Open pages in sessions of their own; the test fails when a console complained."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def make(**values) -> Page:
        context = chromium.new_context(base_url=server_address, **values)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda m: (
                complaints.append(f"{m.text} {m.location}")
                if m.type in {"error", "warning"}
                else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    connections.close_all()
    assert not complaints


@pytest.fixture
def signed_in(open_browser: Callable[..., Page]) -> Callable[..., Page]:
    """Sign in by the form."""

    def make(name: str, **values) -> Page:
        page = open_browser(**values)
        page.goto("/sign-in/")
        page.fill("#id_username", name)
        page.fill("#id_password", PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/")
        return page

    return make
