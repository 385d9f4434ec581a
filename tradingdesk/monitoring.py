"""Error reports to Sentry, switched on by SENTRY_DSN, without a secret in them."""

from __future__ import annotations

from typing import Any, cast

import sentry_sdk
from sentry_sdk.transport import Transport
from sentry_sdk.types import Event, Hint

from apps.core.scrubbing import scrub


def before_send(event: Event, hint: Hint) -> Event:  # noqa: ARG001 - Sentry's signature
    """Scrub every string and sensitive key of an event before it leaves the process."""
    return cast(Event, scrub(cast(dict[str, Any], event)))


def configure_sentry(dsn: str, *, transport: type[Transport] | Transport | None = None) -> bool:
    """Start the Sentry client when there is a DSN; return whether it runs."""
    if not dsn:
        return False
    sentry_sdk.init(
        dsn=dsn,
        before_send=before_send,
        before_send_transaction=before_send,
        include_local_variables=True,
        max_request_body_size="never",
        traces_sample_rate=0.0,
        transport=transport,
    )
    return True
