"""What the venue's record proves of executions that no order row explains."""

from __future__ import annotations

from apps.venues.domain.reports import OrderReport
from apps.venues.gateways.families.base import Wanted
from apps.venues.gateways.reading import Reading


class Witness(Reading):
    """Questions about orders that our books do not hold; every method runs on its loop."""

    async def forced_orders(self, symbol: str | None, since_ms: int) -> list[OrderReport]:
        """Return the orders that the venue made itself to close our positions, oldest first.

        Liquidations and deleveragings of one symbol or of all since a time (epoch ms); nothing
        where the venue's own trades already say what they are.

        :raises VenueError: when the venue cannot be read.
        """
        ask = self.traits.forced_of
        if ask is None:
            return []
        exchange = await self._open(*([symbol] if symbol else []))
        name = str(exchange.markets[symbol]["id"]) if symbol in exchange.markets else ""
        call = ask(name, since_ms)
        rows = await self._try(lambda: getattr(exchange, call.method)(call.params), "forced")
        found = [self._report({"info": row}, is_apart=False) for row in rows]
        return sorted(found, key=lambda report: (report.at_ms, report.venue_order_id))

    async def order_of_fill(self, symbol: str, venue_order_id: str) -> OrderReport | None:
        """Return the order that the venue's own id names; None when the venue knows none.

        Trade lists carry no client order id: this is how a fill tells whose order it was.

        :raises VenueError: when the venue cannot be read, which proves nothing.
        """
        exchange = await self._open(symbol)
        return await self._find(exchange, Wanted(symbol, "", venue_order_id=venue_order_id))
