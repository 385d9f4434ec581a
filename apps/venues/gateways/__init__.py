"""Gateways to venues: the only place that imports ccxt."""

from __future__ import annotations

import os
import threading
from typing import Final

from django.conf import settings

from apps.venues.domain.keys import fingerprint
from apps.venues.domain.reports import Credentials
from apps.venues.gateways.budget import RateBudget
from apps.venues.gateways.families import family
from apps.venues.gateways.families.base import SIMULATED_BUDGET
from apps.venues.gateways.gateway import Gateway

_GUARD: Final = threading.Lock()
_GATEWAYS: Final[dict[tuple[int, Credentials], Gateway]] = {}


def gateway(credentials: Credentials) -> Gateway:
    """Return the gateway of an account, one a process, key and settings; use it on `loop`'s loop."""
    key = (os.getpid(), credentials)
    with _GUARD:
        if key not in _GATEWAYS:
            _GATEWAYS[key] = build_gateway(credentials)
        return _GATEWAYS[key]


def build_gateway(credentials: Credentials) -> Gateway:
    """Return a gateway of its own, for a caller that closes it."""
    is_simulated = credentials.environment == "simulated"
    practice = f":{credentials.sandbox}" if credentials.environment == "testnet" else ""
    where = f"{credentials.environment}{practice}"
    host = settings.SIMULATOR_URL if is_simulated else ""
    budget = RateBudget(
        SIMULATED_BUDGET if is_simulated else family(credentials.venue).budget,
        address=f"{credentials.venue}:{where}{host}",
        key=fingerprint(credentials.api_key),
    )
    return Gateway(credentials, budget=budget)
