"""Ask the venue whether an account's key signs."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from apps.core.clock import now, to_ms
from apps.core.errors import InvalidInput
from apps.venues.gateways import build_gateway
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call
from apps.venues.queries import credentials


@dataclass(frozen=True, slots=True)
class AccountTest:
    """What a signed request brought back; `skew_ms` is the venue's clock minus ours."""

    assets: tuple[str, ...]
    skew_ms: int


def test_account(*, account_id: UUID) -> AccountTest:
    """Send one signed read to the venue and return what came back.

    :raises InvalidInput: `KEYS_MISSING`.
    :raises KeyDoesNotSign: when the venue refuses the key or its signature.
    :raises VenueError: when the venue cannot be read.
    """
    access = credentials(account_id=account_id)
    if not access.api_key or not access.api_secret:
        raise InvalidInput("KEYS_MISSING", field="api_key", account=str(account_id))
    return call(_ask(build_gateway(access)), timeout=60)


async def _ask(gateway: Gateway) -> AccountTest:
    try:
        balances = await gateway.balances()
        skew = await gateway.server_time_ms() - to_ms(now())
    finally:
        await gateway.close()
    held = sorted(asset for asset, total in balances.items() if total)
    return AccountTest(assets=tuple(held), skew_ms=skew)
