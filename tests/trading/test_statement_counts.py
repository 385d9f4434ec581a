"""A cycle takes the same number of SQL statements for 1, 10 and 100 bots."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.orders.models import Order
from tests.factories import make_account
from tests.trading.desk import Desk

pytestmark = pytest.mark.django_db
SYMBOLS = [f"C{n}/USDT" for n in range(10)]
FLAT = [100.0, 100, 100, 100, 100]
# With nothing to do; and when orders are judged and recorded, with the account's first book row.
HOLD, TRADE = 13, 29


def counted(desk: Desk) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        desk.cycle()
    return len([q for q in queries if "SAVEPOINT" not in q["sql"]])


@pytest.mark.parametrize("count", [1, 10, 100])
def test_a_cycle_takes_a_bounded_number_of_statements(count: int) -> None:
    account = make_account()
    desk = Desk(symbols=SYMBOLS, equity="10000000", account=account)
    for number in range(count):
        desk.bot(f"bot-{number:03d}", sizing={"mode": "fixed_cost", "cost": "10"})
    desk.history(FLAT)
    assert counted(desk) == HOLD
    desk.step(*[101.0] * 10)
    assert counted(desk) == TRADE
    # the venue takes five stops an instrument and account, and each entry needs one
    assert Order.objects.count() == min(count, 5) * 10
