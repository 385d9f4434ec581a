"""What a server refuses to start with; each refusal names the variable and the fix."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.ops import checks
from apps.ops.domain.safety import Setup, problems
from tests.factories import make_account

RING = "k1:" + base64.b64encode(bytes(range(32))).decode()
SAFE = Setup(
    debug=False, secret_key="k" + "9f3a" * 12, keyring=RING, mark_key="5e7a" * 16, generated=(),
    allowed_hosts=("desk.example.org",), origins=("https://desk.example.org",), is_tls_forced=True,
    is_embedded=False, has_live_account=False, rehearsal=False,
)  # fmt: skip


def test_a_safe_setup_starts() -> None:
    assert problems(SAFE) == []
    assert problems(replace(SAFE, has_live_account=True)) == []


@pytest.mark.parametrize(
    ("changes", "id_", "variable"),
    [
        ({"generated": ("SECRET_KEY",)}, "E001", "SECRET_KEY"),
        ({"secret_key": "change-me" + "x" * 50}, "E002", "SECRET_KEY"),
        ({"secret_key": "short"}, "E002", "SECRET_KEY"),
        ({"keyring": "k1:" + base64.b64encode(bytes(32)).decode()}, "E002", "DESK_KEYRING"),
        ({"keyring": "k1:???"}, "E002", "DESK_KEYRING"),
        ({"mark_key": "aa"}, "E002", "DESK_MARK_KEY"),
        ({"allowed_hosts": ("*",)}, "E003", "ALLOWED_HOSTS"),
        ({"allowed_hosts": ()}, "E003", "ALLOWED_HOSTS"),
        ({"origins": ("http://desk",)}, "E004", "CSRF_TRUSTED_ORIGINS"),
        ({"has_live_account": True, "is_tls_forced": False}, "E006", "SECURE_SSL_REDIRECT"),
        ({"has_live_account": True, "is_embedded": True}, "E007", "DATABASE_URL"),
        ({"has_live_account": True, "rehearsal": True}, "E008", "REHEARSAL"),
    ],
)
def test_each_unsafe_setting_is_refused_by_name(changes, id_, variable) -> None:
    found = problems(replace(SAFE, **changes))
    assert [item.id for item in found] == [id_]
    assert variable in found[0].words + found[0].fix


def test_a_developers_desk_starts_with_all_of_it_but_not_beside_real_money() -> None:
    loose = replace(
        SAFE, debug=True, generated=("SECRET_KEY",), allowed_hosts=("*",), secret_key="x",
        is_tls_forced=False, is_embedded=True,
    )  # fmt: skip
    assert problems(loose) == []
    assert {item.id for item in problems(replace(loose, has_live_account=True))} == {
        "E005",
        "E006",
        "E007",
    }


@pytest.mark.django_db(transaction=True)
def test_the_server_does_not_start_and_says_how_it_would(settings) -> None:
    settings.DEBUG, settings.DESK_KEYRING = False, RING
    settings.ALLOWED_HOSTS = ["*"]
    with pytest.raises(ImproperlyConfigured) as refused:
        checks.refuse_unsafe_start()
    assert "ALLOWED_HOSTS" in str(refused.value)
    assert "tradingdesk.E003" in str(refused.value)
    assert [error.id for error in checks.check_start(None)] == ["tradingdesk.E003"]


@pytest.mark.django_db(transaction=True)
def test_a_live_account_under_debug_stops_the_server(settings) -> None:
    settings.DEBUG = True
    checks.refuse_unsafe_start()
    make_account(environment="live")
    with pytest.raises(ImproperlyConfigured, match=r"tradingdesk\.E005"):
        checks.refuse_unsafe_start()
