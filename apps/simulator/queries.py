"""What the desk asks about the simulated exchange and its faults."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from apps.core.errors import Conflict
from apps.simulator.gateways.control import ExchangeControl
from apps.venues.models import VenueAccount


def exchange_control() -> ExchangeControl:
    """Return a client of the control face of this desk's simulated exchange.

    :raises Conflict: `NO_SIMULATED_ACCOUNT` on a desk that trades on none.
    """
    if not VenueAccount.objects.filter(environment="simulated", archived_at=None).exists():
        raise Conflict(
            "NO_SIMULATED_ACCOUNT", message="This desk has no account at the simulated exchange."
        )
    return ExchangeControl(url=settings.SIMULATOR_URL, token=settings.SIMULATOR_TOKEN)


def fault_knobs() -> dict[str, Any]:
    """Return the faults that are armed and every knob there is, as the running exchange says.

    :raises ExchangeUnreachable: when the exchange does not answer.
    """
    return exchange_control().faults()
