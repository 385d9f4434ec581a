"""Somebody who holds an account's key and trades past the desk; only at the exchange we run."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any
from urllib.parse import urlencode

import requests

from apps.core.errors import DeskError
from apps.venues.domain.reports import Credentials

PATHS = {"binance": "/api/v3/order", "binanceusdm": "/fapi/v1/order"}


def cancel_by_hand(
    *, url: str, access: Credentials, symbol: str, client_order_id: str
) -> dict[str, Any]:
    """Cancel an order with a request that the desk never sees; `symbol` as the exchange writes it.

    :raises DeskError: `ONLY_SIMULATED` for any other account, `EXCHANGE_REFUSED` with its words,
        `EXCHANGE_UNREACHABLE` with where it was looked for.
    """
    if access.environment != "simulated" or access.venue not in PATHS:
        raise DeskError("ONLY_SIMULATED", account=access.account_id)
    query = urlencode(
        {
            "symbol": symbol, "origClientOrderId": client_order_id,
            "timestamp": int(time.time() * 1000), "recvWindow": 4000,
        }
    )  # fmt: skip
    signed = hmac.new(access.api_secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    try:
        answer = requests.delete(
            f"{url.rstrip('/')}{PATHS[access.venue]}?{query}&signature={signed}",
            headers={"X-MBX-APIKEY": access.api_key},
            timeout=10,
        )
    except requests.RequestException as error:
        raise DeskError("EXCHANGE_UNREACHABLE", url=url, message=type(error).__name__) from error
    if answer.status_code >= 400:
        raise DeskError("EXCHANGE_REFUSED", message=answer.text[:200])
    body: dict[str, Any] = answer.json()
    return body
