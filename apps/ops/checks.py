"""What a server must not start with: each refusal names the variable and the fix."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from apps.ops.domain.safety import Problem, Setup, problems
from apps.ops.queries import live_account_exists


def present_setup(environment: Mapping[str, str]) -> Setup:
    """Return what the settings and the environment say, as values."""
    return Setup(
        debug=settings.DEBUG,
        secret_key=settings.SECRET_KEY,
        keyring=settings.DESK_KEYRING,
        mark_key=settings.DESK_MARK_KEY,
        generated=tuple(filter(None, environment.get("DESK_GENERATED_SECRETS", "").split(","))),
        allowed_hosts=tuple(settings.ALLOWED_HOSTS),
        origins=tuple(settings.CSRF_TRUSTED_ORIGINS),
        is_tls_forced=bool(settings.SECURE_SSL_REDIRECT and settings.SECURE_COOKIES),
        is_embedded=bool(environment.get("DESK_EMBEDDED")),
        has_live_account=_has_live_account(),
        rehearsal=settings.REHEARSAL,
    )


@register(Tags.security, "tradingdesk")
def check_start(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001
    """Report what a server outside DEBUG refuses to start with."""
    found = problems(present_setup(os.environ))
    return [Error(item.words, hint=item.fix, id=f"tradingdesk.{item.id}") for item in found]


def refuse_unsafe_start() -> None:
    """Stop a server that would start with any of it.

    :raises ImproperlyConfigured: with every problem and its fix.
    """
    # The server may be importing us inside its event loop, where Django refuses to ask the database.
    with ThreadPoolExecutor(max_workers=1) as aside:
        found = aside.submit(_problems_aside).result()
    if found:
        lines = [f"{item.words} {item.fix} (tradingdesk.{item.id})" for item in found]
        raise ImproperlyConfigured("This desk does not start:\n" + "\n".join(lines))


def _problems_aside() -> list[Problem]:
    try:
        return problems(present_setup(os.environ))
    finally:
        connection.close()


def _has_live_account() -> bool:
    try:
        return live_account_exists()
    except DatabaseError:
        # before the first migration there are no accounts
        return False
