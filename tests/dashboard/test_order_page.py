"""An order's page tells the whole story, in a fixed number of statements."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.core.clock import now
from apps.dashboard.queries.order import read_order
from apps.dashboard.queries.orders import read_orders_live
from apps.orders.models import (
    Order,
    OrderEvent,
    OrderGroup,
    OrderQuality,
    VenueFact,
    VenueOrderId,
    WireCall,
)
from apps.portfolio.models import JournalEntry, JournalLine
from tests.dashboard.conftest import trading_bot
from tests.factories import make_fill, make_instrument, make_order

pytestmark = pytest.mark.django_db
STATEMENTS = 12


def told_order(parts: int = 1) -> Order:
    """An amended bracket entry with `parts` of everything that its page shows."""
    bot = trading_bot()
    instrument = make_instrument(symbol="BTC/USDT")
    group = OrderGroup.objects.create(
        account=bot.account, bot=bot, instrument=instrument, kind="bracket", side="sell",
        terms={"stop_price": "95", "target_price": "120"}, requested_by="olga", reason="try it",
        created_at=now(),
    )  # fmt: skip
    first = make_order(bot, type="limit", price=Decimal(99), status="canceled", group=group)
    order = make_order(
        bot, type="limit", price=Decimal(100), status="filled", amount=Decimal(2), filled=Decimal(2),
        cost=Decimal(200), origin="manual", requested_by="olga", reason="try it", group=group,
        replaces=first, is_amendment=True, post_only=True, venue_order_id="1001",
        time_in_force="GTD", expires_at=now(), arrival_price=Decimal(101),
    )  # fmt: skip
    make_order(bot, purpose="protect", side="sell", type="trailing_stop_market",
               trailing_rate=Decimal("0.01"), status="open", group=group)  # fmt: skip
    OrderQuality.objects.create(
        order=order, account=bot.account, bot=bot, ended_at=now(), status="filled",
        slippage_bps=-12.5, submit_ms=3.25, acknowledge_ms=20, fill_ms=41, fill_ratio=1,
        maker_share=0.5, fee_bps=10,
    )  # fmt: skip
    for number in range(parts):
        fill = make_fill(order, amount=Decimal(2) / parts, at=now() + timedelta(seconds=number))
        entry = JournalEntry.objects.create(
            account=bot.account, kind="fill", fill=fill, at=now(), posted_at=now()
        )
        JournalLine.objects.create(
            entry=entry, account=bot.account, book="venue", asset="USDT", amount=Decimal("-100.5")
        )
        OrderEvent.objects.create(
            order=order, at=now(), before="open", after="filled", cause="fact"
        )
        VenueOrderId.objects.create(
            order=order, account=bot.account, instrument=instrument, seen_at=now(),
            venue_order_id=f"second-{number}", kind="triggered",
        )  # fmt: skip
        WireCall.objects.create(
            account=bot.account, order=order, verb="create", method="POST", url="/api/v3/order",
            request="symbol=BTCUSDT&side=BUY", status=200, answer='{"orderId":1001}', at=now(),
            duration_ms=7.5,
        )  # fmt: skip
        VenueFact.objects.create(
            account=bot.account, kind="order", source="stream", digest=f"d{number}",
            client_order_id=order.client_order_id, content={"status": "closed"},
            received_at=now(), result="applied",
        )  # fmt: skip
    return order


@pytest.mark.parametrize("parts", [1, 4])
def test_the_story_costs_the_same_however_long_it_is(parts, django_assert_num_queries) -> None:
    order = told_order(parts)
    with django_assert_num_queries(STATEMENTS - 1):  # no cycle led to it
        read_order(order.client_order_id)


def test_the_page_tells_everything_from_the_hand_to_the_journal(as_role) -> None:
    order = told_order()
    page = as_role("viewer").get(f"/orders/{order.client_order_id}/").content.decode()
    for words in (
        "By hand: <strong>olga</strong>", "“try it”", "GTD, good till date", "post only", "Bracket",
        "trailing stop", "trails 1.00 %", "(this one amends it)", "second-0", "Its id once triggered",
        "symbol = BTCUSDT", "&quot;orderId&quot;: 1001", "7.5 ms", "1 fact heard", "applied",
        "Average 100.00. Position after it: <strong>4.00000 BTC</strong>", "−100.5", "−12.5 bps better",
        "41.0 ms", "50.0 %", "limits that bind it now", "paper needs no approval",
    ):  # fmt: skip
        assert words in page, words
    assert "/amend/" not in page  # it has ended, and a viewer may not


def test_a_liquidation_is_said_plainly(as_role) -> None:
    bot = trading_bot()
    order = make_order(bot, origin="venue", purpose="flatten", side="sell", status="filled")
    make_fill(order, is_liquidation=True)
    page = as_role("viewer").get(f"/orders/{order.client_order_id}/").content.decode()
    assert "✕ Liquidation." in page
    assert "The venue itself, not us" in page
    assert "Not judged" in page
    assert "Denied" not in page


def test_a_bare_order_has_empty_states(as_role) -> None:
    order = make_order(trading_bot())
    page = as_role("viewer").get(f"/orders/{order.client_order_id}/").content.decode()
    for words in ("Nothing crossed the wire about it", "No fill.", "No line yet.", "No step yet."):
        assert words in page, words
    assert read_orders_live().versions["orders"]
