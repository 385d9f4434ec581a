"""Secrets: sealed at rest, absent from reports and logs, read from files."""

from __future__ import annotations

import base64
import itertools
import json
import logging
import os

import pytest
import sentry_sdk
import structlog
from hypothesis import given
from hypothesis import strategies as st
from sentry_sdk.transport import Transport

from apps.core.scrubbing import (
    HIDDEN,
    SENSITIVE_NAME,
    SENSITIVE_TEXT,
    is_suspect,
    scrub,
    scrub_text,
)
from apps.core.sealing import KeyRing, SealBroken
from tradingdesk.environment import secret
from tradingdesk.monitoring import configure_sentry

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(range(32, 64))).decode()
API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
API_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
TOKEN = "td_" + "0f1e2d3c" * 8
WORD = "hunter2" * 2  # a report quotes source lines, so the word itself stands in none


# -- sealing ---------------------------------------------------------------------------------------


@given(st.text(max_size=200), st.text(min_size=1, max_size=40))
def test_what_is_sealed_opens_for_the_same_row_and_field_only(plain: str, context: str) -> None:
    ring = KeyRing.parse(f"k1:{KEY}")
    blob = ring.seal(plain, context=context)
    assert ring.open(blob, context=context) == plain
    with pytest.raises(SealBroken):
        ring.open(blob, context=f"{context}x")


def test_sealing_twice_gives_two_texts_and_neither_shows_the_secret() -> None:
    ring = KeyRing.parse(f"k1:{KEY}")
    one, two = (ring.seal(API_SECRET, context="a") for _ in range(2))
    assert one != two
    assert API_SECRET not in one


def test_a_changed_text_does_not_open() -> None:
    ring = KeyRing.parse(f"k1:{KEY}")
    key_id, _, body = ring.seal("x", context="a").partition(":")
    raw = bytearray(base64.b64decode(body))
    raw[-1] ^= 1
    with pytest.raises(SealBroken):
        ring.open(f"{key_id}:{base64.b64encode(raw).decode()}", context="a")


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    old = KeyRing.parse(f"k1:{KEY}").seal("x", context="a")
    ring = KeyRing.parse(f"k2:{OTHER}, k1:{KEY}")
    assert ring.open(old, context="a") == "x"
    assert ring.seal("x", context="a").startswith("k2:")
    with pytest.raises(SealBroken) as refused:
        KeyRing.parse(f"k2:{OTHER}").open(old, context="a")
    assert refused.value.code == "KEY_NOT_ON_RING"


@pytest.mark.parametrize(
    "text", ["", "k1:", "k1:abc", f":{KEY}", "k1:" + base64.b64encode(b"short").decode()]
)
def test_a_broken_ring_is_refused(text: str) -> None:
    with pytest.raises(SealBroken) as refused:
        KeyRing.parse(text)
    assert refused.value.code in {"KEYRING_EMPTY", "KEYRING_INVALID"}


# -- scrubbing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"GET /api/v3/order?symbol=BTCUSDT&signature={'ab' * 32}",
        f"headers X-MBX-APIKEY: {API_KEY}",
        f"apiKey='{API_KEY}'", f"secret={API_SECRET}", f"Authorization: Bearer {TOKEN}",
        f"used {TOKEN} twice", f"key {API_KEY} refused", "postgres://desk:hunter2hunter2@db/desk",
        "redis://:hunter2hunter2@cache:6379/0", "password=hunter2hunter2",
        "-----BEGIN PRIVATE KEY-----\nhunter2hunter2\n-----END PRIVATE KEY-----",
    ],
)  # fmt: skip
def test_text_loses_what_looks_like_a_credential(text: str) -> None:
    clean = scrub_text(text)
    assert HIDDEN in clean
    for planted in (API_KEY, API_SECRET, TOKEN, "hunter2hunter2", "ab" * 32):
        assert planted not in clean


def test_ordinary_text_stays() -> None:
    text = "order 0191f0aa3bcd4e7f9a1b2c3d4e5f6a7b of sol-mm-07 filled at 142.31 by BTC/USDT"
    assert scrub_text(text) == text


def test_values_are_scrubbed_by_name_at_any_depth() -> None:
    found = scrub(
        {"a": [{"api_key": "k", "amount": "1.5"}], "SessionId": ("x",), "note": "password=abc"}
    )
    assert found == {
        "a": [{"api_key": HIDDEN, "amount": "1.5"}], "SessionId": HIDDEN, "note": f"password={HIDDEN}",
    }  # fmt: skip


# -- sentry ----------------------------------------------------------------------------------------


class Memory(Transport):
    """Keeps what would have left the process."""

    def __init__(self, options: dict | None = None) -> None:
        super().__init__(options)
        self.envelopes: list[str] = []

    def capture_envelope(self, envelope) -> None:
        self.envelopes.append(envelope.serialize().decode("utf-8", "replace"))


@pytest.fixture
def reports():
    transport = Memory()
    scope = sentry_sdk.get_global_scope()
    before = scope.client
    assert configure_sentry("https://public@sentry.invalid/1", transport=transport)
    yield transport.envelopes
    sentry_sdk.get_client().close()
    scope.set_client(before)


def test_a_report_carries_no_planted_secret(reports: list[str]) -> None:
    logging.getLogger("venue").warning("retry with apiKey=%s", API_KEY)
    sentry_sdk.add_breadcrumb(
        category="http", message=f"GET /order?signature={'cd' * 32}",
        data={"headers": {"X-MBX-APIKEY": API_KEY, "Authorization": f"Bearer {TOKEN}"}},
    )  # fmt: skip
    sentry_sdk.set_context("account", {"api_secret": API_SECRET, "slug": "binance-live"})
    sentry_sdk.set_tag("dsn", f"postgres://desk:{WORD}@db/desk")
    sentry_sdk.set_extra("request", {"cookies": {"sessionid": WORD}})

    def send(api_secret: str, url: str) -> None:
        credentials = {"secret": api_secret, "keys": [url, TOKEN]}
        raise RuntimeError(f"refused: {url}", credentials)

    try:
        send(API_SECRET, f"https://user:{WORD}@venue/?secret={API_SECRET}")
    except RuntimeError:
        sentry_sdk.capture_exception()
    sentry_sdk.capture_message(f"signed in with {TOKEN}")
    logging.getLogger("venue").error("failed: secret=%s", API_SECRET)
    sentry_sdk.flush()

    assert len(reports) >= 3
    sent = "\n".join(reports)
    for planted in (API_KEY, API_SECRET, TOKEN, WORD, "cd" * 32):
        assert planted not in sent
    # what helps is still there
    assert "binance-live" in sent
    assert "refused" in sent
    assert "test_a_report_carries_no_planted_secret" in sent


def test_without_a_dsn_nothing_is_sent() -> None:
    assert configure_sentry("") is False


# -- environment -----------------------------------------------------------------------------------


def test_a_secret_comes_from_the_variable_or_from_the_file(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("A_SECRET", "direct")
    assert secret("A_SECRET") == "direct"
    monkeypatch.delenv("A_SECRET")
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    monkeypatch.setenv("A_SECRET_FILE", str(file))
    assert secret("A_SECRET") == "from the file"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "A_SECRET is not set. Set A_SECRET or A_SECRET_FILE"),
        ({"A_SECRET": "x", "A_SECRET_FILE": "/x"}, "Both A_SECRET and A_SECRET_FILE are set"),
        (
            {"A_SECRET_FILE": "/no/such/file"},
            "A_SECRET_FILE names /no/such/file, which is not a file",
        ),
    ],
)
def test_a_missing_or_doubtful_secret_stops_the_start_with_a_sentence(
    monkeypatch, values, words
) -> None:
    for name in ("A_SECRET", "A_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        secret("A_SECRET")
    assert words in str(stopped.value)
    assert "A_SECRET" not in os.environ or secret("PATH")


def test_an_optional_secret_has_its_default(monkeypatch) -> None:
    monkeypatch.delenv("A_SECRET", raising=False)
    assert secret("A_SECRET", default="") == ""


# -- logs ------------------------------------------------------------------------------------------


def formatted(**event: object) -> dict:
    """What a line would look like on stderr."""
    from tradingdesk.logging_setup import logging_config

    config = logging_config(level="INFO", fmt="json")["formatters"]["desk"]
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=config["processors"], foreign_pre_chain=config["foreign_pre_chain"]
    )
    caught: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = caught.append
    logger = logging.getLogger("desk.test")
    logger.addHandler(handler)
    try:
        structlog.stdlib.get_logger("desk.test").warning(**event)
    finally:
        logger.removeHandler(handler)
    return json.loads(formatter.format(caught[0]))


def test_a_log_line_is_json_with_the_bound_ids() -> None:
    with structlog.contextvars.bound_contextvars(
        request_id="r1", cycle="c1", bot="sol", order="o1"
    ):
        line = formatted(event="order.sent", amount="1.5")
    ids = {name: line[name] for name in ("request_id", "cycle", "bot", "order")}
    assert ids == {"request_id": "r1", "cycle": "c1", "bot": "sol", "order": "o1"}
    assert (line["event"], line["level"], line["amount"]) == ("order.sent", "warning", "1.5")
    assert line["timestamp"].endswith("Z")


def test_a_log_line_carries_no_secret() -> None:
    line = formatted(event=f"signed with {TOKEN}", api_key="plain", url=f"/x?signature={'ef' * 32}")
    text = json.dumps(line)
    assert TOKEN not in text
    assert "ef" * 32 not in text
    assert line["api_key"] == HIDDEN


def test_a_text_that_is_waved_through_holds_nothing_that_any_pattern_finds():
    parts = (
        "signature", "=", "&", "a" * 64, "b" * 63, "x" * 70, "apiKey", ":", '"', " ", "bearer ",
        "td_0123456789abcdef01", "http://user:pw@h", "-----BEGIN X-----", "-----END X-----", "é",
    )  # fmt: skip
    for words in itertools.product(parts, repeat=3):
        text = "".join(words)
        hidden = text
        for pattern in SENSITIVE_TEXT:
            hidden = pattern.sub(lambda m: "".join(m.groups("")) + HIDDEN, hidden)
        assert scrub_text(text) == hidden
        assert is_suspect(text) or not SENSITIVE_NAME.search(text)
