"""I11 on real locks: batches that judge at the same moment cannot both pass a limit."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.db import connections, transaction

from apps.core.clock import now
from apps.orders.actions.create_orders import create_orders
from apps.orders.models import Order
from apps.risk.actions.lock_books import lock_books
from apps.risk.actions.record_verdicts import record_verdicts
from apps.risk.domain.forms import (
    EffectiveLimits,
    Exposure,
    Holding,
    ProposedOrder,
    Reference,
    Rules,
    Surroundings,
)
from apps.risk.domain.judge import judge
from apps.risk.domain.verdicts import VerdictItem
from apps.risk.models import Verdict
from tests.factories import make_bot, make_draft

pytestmark = pytest.mark.django_db(transaction=True)
RULES = Rules(Decimal("0.01"), Decimal("0.001"), Decimal("0.001"), Decimal(1), 50, is_tradable=True)
LIMITS = EffectiveLimits({"desk": {"gross_exposure": Decimal(500)}})


def open_costs() -> list[Decimal]:
    """What each order on the desk that has not ended may still cost, quote units."""
    rows = Order.objects.filter(ended_at=None).select_related("verdict")
    return [(o.amount - o.filled) * o.verdict.reservation_price for o in rows]


def try_to_enter(bot, start, number):
    """One batch: lock, read exposure again, judge, record."""
    instrument_id = bot.config.instruments.get().instrument_id
    proposed = ProposedOrder(
        account_id=bot.account_id, bot_id=bot.id, instrument_id=instrument_id, purpose="entry",
        side="buy", type="limit", amount=Decimal(1), price=Decimal(100),
        reference=Reference(Decimal(100), 0.0),
    )  # fmt: skip
    start.wait(10)
    with transaction.atomic():
        lock_books(account_id=bot.account_id)
        costs = open_costs()
        gross = sum(costs, Decimal(0))
        around = Surroundings(
            RULES, Holding(), {"desk": Exposure(gross, len(costs))}, LIMITS, "active"
        )
        judgement = judge(proposed=proposed, around=around)
        [verdict] = record_verdicts(items=[VerdictItem(proposed, judgement, at=now())])
        if judgement.is_allowed:
            terms = {"type": "limit", "price": Decimal(100), "leg": str(number)}
            create_orders(drafts=[make_draft(bot, verdict_id=verdict, **terms)])
    connections.close_all()


@pytest.mark.parametrize("accounts", [1, 2])
def test_twelve_batches_at_once_never_pass_the_limit_together(accounts):
    bots = [make_bot() for _ in range(accounts)]
    start = threading.Barrier(12)
    threads = [
        threading.Thread(target=try_to_enter, args=(bots[n % accounts], start, n))
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(open_costs()) == 500
    assert Verdict.objects.filter(is_allowed=True).count() == 5
    denied = Verdict.objects.filter(is_allowed=False).values_list("codes", flat=True)
    assert [codes[0]["code"] for codes in denied] == ["GROSS_EXPOSURE"] * 7
