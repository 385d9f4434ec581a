"""API keys, signatures and the receive window. On real time, also beside a virtual clock."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from apps.simulator.domain.accounts import Account
from apps.simulator.domain.refusals import Refusal
from apps.simulator.exchange import Exchange
from apps.simulator.face.params import Params

_KEY: Final = re.compile(r"^[A-Za-z0-9]{64}$")
_SIGNATURE: Final = re.compile(r"&?signature=[^&]*")
KEY_LENGTH_MAX: Final = 100
RECV_WINDOW_MS: Final = 5000
RECV_WINDOW_MAX_MS: Final = 60_000


def signed_text(query: str, body: str) -> str:
    """Return what a REST client signs: query and body in a row, without the signature."""
    return _SIGNATURE.sub("", query) + _SIGNATURE.sub("", body)


async def account_of(exchange: Exchange, api_key: str) -> Account:
    """Return the account of an API key.

    :raises Refusal: -2014 for what cannot be a key, -2015 for a key nobody has.
    """
    if len(api_key) <= KEY_LENGTH_MAX:
        account = await exchange.account_by_key(api_key)
        if account is not None:
            return account
    if not _KEY.match(api_key):
        raise Refusal(-2014, "API-key format invalid.", status=401)
    raise Refusal(-2015, "Invalid API-key, IP, or permissions for action.", status=401)


def check_time(params: Params, here: int) -> None:
    """Check timestamp and receive window against the exchange's own clock, `here` in epoch ms.

    :raises Refusal: -1021, -1131.
    """
    params.require(("timestamp",))
    sent = params.integer("timestamp") or 0
    window = params.integer("recvWindow", RECV_WINDOW_MS) or RECV_WINDOW_MS
    if window > RECV_WINDOW_MAX_MS:
        raise Refusal(-1131, "recvWindow must be less than 60000.")
    if sent >= here + 1000:
        raise Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if here - sent > window:
        raise Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def check_signature(account: Account, text: str, signature: str) -> None:
    """Check the HMAC-SHA256 of `text` under the account's secret.

    :raises Refusal: -1022 when it differs.
    """
    due = hmac.new(account.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(due, signature.lower()):
        raise Refusal(-1022, "Signature for this request is not valid.")
