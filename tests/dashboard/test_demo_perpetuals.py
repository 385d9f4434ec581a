"""What a newcomer sees of the demo fleet's perpetuals: exits, liquidation price and funding."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.core.clock import now
from apps.dashboard.queries.chart import read_chart
from apps.demo.domain.fleet import BOTS
from apps.orders.models import Order, OrderGroup
from apps.portfolio.models import Position, VenuePosition
from apps.trading.actions.protect_positions import protect_positions
from tests.factories import make_quote
from tests.trading.test_perpetual_cycles import filled, newest, perpetuals, set_at_venue

pytestmark = pytest.mark.django_db
D = Decimal
FLEET = [bot for bot in BOTS if bot.is_linear]


def test_the_fleet_has_perpetuals_with_a_target() -> None:
    assert [bot.slug for bot in FLEET if bot.take_profit] == ["btc-swing-11", "eth-perp-12"]


def test_a_perpetual_of_the_fleet_shows_its_exits_liquidation_and_funding(as_role) -> None:
    wanted = FLEET[0]
    desk = perpetuals()
    bot = desk.bot(
        strategy=wanted.strategy, protection=wanted.protection,
        sizing={"mode": "fixed_cost", "cost": wanted.cost, "leverage": wanted.leverage, "sides": wanted.sides},
    )  # fmt: skip
    desk.history([100.0] * 5 + [101.0])
    set_at_venue(desk, leverage=wanted.leverage)
    desk.cycle()
    filled(desk, newest(), "100")
    assert protect_positions(account_id=desk.account.id) == 2
    for status in ("submitted", "open"):
        Order.objects.filter(purpose="protect").update(status=status)
    Position.objects.filter(bot=bot).update(funding=D("-0.37"))
    [perpetual] = desk.instruments
    make_quote(perpetual, last=101, mark=D(101))
    VenuePosition.objects.create(
        account=desk.account, instrument=perpetual, amount=Position.objects.get().amount,
        mark_price=D(101), liquidation_price=D("67.4"), leverage=D(wanted.leverage), at=now(),
        observed_at=now(),
    )  # fmt: skip
    assert OrderGroup.objects.get().state == "open"

    chart = read_chart(bot_id=bot.pk, instrument=perpetual, timeframe="1h")
    kinds = {line["kind"]: line["price"] for line in chart["lines"]}
    assert (kinds["stop"], kinds["target"], kinds["liquidation"]) == (98.0, 104.0, 67.4)
    stop = Order.objects.get(type="stop_market")
    client = as_role("operator")
    for address in ("/positions/", f"/bots/{bot.slug}/", f"/orders/{stop.client_order_id}/"):
        page = client.get(address).content.decode()
        for words in ("98.0", "104.0", "67.4", "−0.37"):
            assert words in page, (address, words)
