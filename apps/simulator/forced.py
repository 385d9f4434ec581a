"""Ends of positions that the exchange forces: liquidation and auto-deleverage. Contracts only."""

from __future__ import annotations

from typing import Any, Final

from apps.core.errors import Conflict
from apps.simulator.domain.accounts import Account
from apps.simulator.exchange import Exchange

DELEVERAGES: Final = "auto_deleverage"


async def force_close(
    exchange: Exchange, account: Account, *, kind: str, symbol: str
) -> dict[str, Any]:
    """Liquidate or deleverage the account's positions at mark, on one contract or on all.

    :raises Conflict: `NO_POSITION`, as always on spot.
    """
    closed = await exchange.contracts.force_close(
        account, symbol=symbol, deleverages=kind == DELEVERAGES
    )
    if not closed:
        closed = await exchange.contracts.force_close(
            account,
            symbol=symbol.partition(":")[0].replace("/", ""),
            deleverages=kind == "auto_deleverage",
        )
    if not closed:
        raise Conflict("NO_POSITION", message="Spot has no positions, and there is none here.")
    return {"closed": closed}
