"""The gateway of an account whose keys are opened once, not for every order."""

from __future__ import annotations

import os
from typing import Final
from uuid import UUID

from apps.venues import gateways
from apps.venues.domain.reports import Credentials
from apps.venues.gateways.gateway import Gateway
from apps.venues.queries import credentials

_OPENED: Final[dict[tuple[int, UUID], tuple[str, Credentials]]] = {}


def open_gateway(*, account_id: UUID, key_mark: str = "") -> Gateway:
    """Return the account's gateway; `key_mark` says that its keys are those opened before.

    :raises SealBroken: when a sealed key was moved or altered.
    """
    place = (os.getpid(), account_id)
    known = _OPENED.get(place)
    if not key_mark or known is None or known[0] != key_mark:
        known = (key_mark, credentials(account_id=account_id))
        _OPENED[place] = known
    return gateways.gateway(known[1])
