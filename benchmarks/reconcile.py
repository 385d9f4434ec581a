"""How fast an account's whole history of fills is compared with the venue's own list, and in what memory.

Our fills stand in PostgreSQL (a fresh database of the suite), the venue's list is served page by page
through the gateway's `fills`, 1,000 trades a page as Binance does. The whole action runs: reading,
comparing every fill, drawing each bot's profit from the venue's trades, days, marks, cases.
`python benchmarks/reconcile.py 1000000`.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PAGE = 1000
STEP_MS = 1000
BOTS = 4
FILLS_SQL = """
INSERT INTO orders_fill (id, order_id, account_id, bot_id, instrument_id, venue_order_id,
    venue_trade_id, side, liquidity, price, amount, cost, fee, fee_asset, is_liquidation, at,
    recorded_at)
SELECT gen_random_uuid(), o.id, o.account_id, o.bot_id, o.instrument_id, o.venue_order_id, n::text,
    CASE WHEN (n / %(bots)s) %% 2 = 0 THEN 'buy' ELSE 'sell' END, 'taker', 100 + n %% 50, 1,
    100 + n %% 50, 0.1, 'USDT', false,
    timestamptz 'epoch' + (%(first)s + n * %(step)s) * interval '1 millisecond', now()
FROM generate_series(0, %(count)s - 1) n
JOIN (SELECT *, row_number() OVER (ORDER BY venue_order_id) - 1 AS place FROM orders_order) o
    ON o.place = n %% %(bots)s
"""


def main() -> None:
    """Make the fills, compare them, say how long it took."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    os.environ.setdefault("DESK_TEST_RUN", str(os.getpid()))
    os.environ["LOG_LEVEL"] = "ERROR"
    from tests import conftest  # noqa: PLC0415 - the environment is set on import
    from tests.databases import HOME, cloned  # noqa: PLC0415
    from tradingdesk.embedded import ensure  # noqa: PLC0415

    ensure(HOME, careless=True)
    with cloned(conftest.NAMES):
        compare(count)


def compare(count: int) -> None:
    """Fill the books with `count` fills and time the first pass over them and the next one."""
    from django.db import connection  # noqa: PLC0415

    from apps.reconciliation.actions.reconcile_history import (  # noqa: PLC0415 - needs the set-up
        reconcile_history,
    )
    from apps.venues import gateways  # noqa: PLC0415

    end = datetime.now(UTC) - timedelta(minutes=5)
    first = round(end.timestamp() * 1000) - count * STEP_MS
    account = desk(datetime.fromtimestamp(first / 1000, UTC))
    with connection.cursor() as cursor:
        given = {"bots": BOTS, "first": first, "step": STEP_MS, "count": count}
        cursor.execute(FILLS_SQL, given)
        cursor.execute("ANALYZE orders_fill")
    venue = Venue(count, first)
    gateways.gateway = lambda credentials: venue  # noqa: ARG005 - the gateway's own signature
    before = peak()
    for name in ("whole", "again"):
        started, cpu = time.perf_counter(), time.process_time()
        done = reconcile_history(account_id=account)
        seconds, used = time.perf_counter() - started, time.process_time() - cpu
        assert done is not None
        assert done.is_clean, done.error
        assert name == "again" or done.equal == count, (done.equal, done.compared)
        print(
            f"{name:<6} {done.compared:>9,} fills {seconds:8.1f} s {done.compared / seconds:>9,.0f} fills/s"
            f"  {used:7.1f} s CPU  peak {peak() - before:5.1f} MiB above {before:.0f} MiB"
            f"  {venue.pages:,} pages  load {os.getloadavg()[0]:.1f}"
        )
        venue.pages = 0


def desk(begun: datetime) -> Any:
    """One account, one instrument, some bots with an order each; return the account's id."""
    from tests.factories import make_account, make_bot, make_instrument, make_order  # noqa: PLC0415

    account, instrument = make_account(), make_instrument(symbol="BTC/USDT")
    for number in range(BOTS):
        bot = make_bot(account=account, instruments=[instrument])
        make_order(
            bot, status="filled", venue_order_id=str(number), decided_at=begun, send_by=begun
        )
    return account.id


class Venue:
    """The venue's side: the same trades by number, a page at a time, none of them kept."""

    def __init__(self, count: int, first_ms: int) -> None:
        self.count, self.first, self.pages = count, first_ms, 0

    async def fills(self, symbol: str, since_ms: int | None = None) -> list[Any]:
        """Return the next page from `since_ms` on."""
        self.pages += 1
        start = max(0, -(-((since_ms or 0) - self.first) // STEP_MS))
        return [self._fill(symbol, n) for n in range(start, min(start + PAGE, self.count))]

    def _fill(self, symbol: str, n: int) -> Any:
        from apps.venues.domain.reports import FillReport  # noqa: PLC0415

        price = Decimal(100 + n % 50)
        side = "buy" if (n // BOTS) % 2 == 0 else "sell"
        return FillReport(
            symbol, str(n % BOTS), str(n), "", side, price, Decimal(1), price, Decimal("0.1"),
            "USDT", "taker", self.first + n * STEP_MS,
        )  # fmt: skip


def peak() -> float:
    """Return this process's peak resident memory in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
