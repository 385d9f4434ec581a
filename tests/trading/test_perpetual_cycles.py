"""A bot on a perpetual goes short, turns and goes long, on margin, with the venue set first."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.bots.actions.start import refuse_shared_perpetuals
from apps.bots.domain.sizing import parse_sizing
from apps.bots.models import Bot
from apps.core.clock import now, to_ms
from apps.core.errors import DeskError
from apps.orders.models import Order
from apps.portfolio.models import Position, VenueSetting
from apps.trading.queries.unprotected import unprotected_positions
from tests.factories import fill_report, make_account, make_quote
from tests.portfolio.stories import broken_invariants, told
from tests.trading.desk import Desk

pytestmark = pytest.mark.django_db
D = Decimal
BOTH = {"mode": "fixed_cost", "cost": "1000", "leverage": "3", "sides": "both"}
FALLING = [100.0, 100.0, 100.0, 100.0, 100.0, 99.0]


def perpetuals(mode: str = "one_way") -> Desk:
    account = make_account(venue="binanceusdm", position_mode=mode)
    return Desk(symbols=["BTC/USDT:USDT"], account=account)


def set_at_venue(desk: Desk, leverage: str = "3") -> None:
    VenueSetting.objects.update_or_create(
        account=desk.account,
        instrument=desk.instruments[0],
        defaults={"leverage": D(leverage), "margin_mode": "cross", "set_at": now()},
    )


def filled(desk: Desk, order: Order, price: str) -> None:
    """The venue fills all of `order` at `price`."""
    Order.objects.filter(id=order.id).update(status="submitted", fence=1, submitted_at=now())
    order.events.create(at=now(), before="created", after="submitted", cause="claimed")
    told(order, fill_report(order, price=price, at_ms=to_ms(desk.at) + 1000))
    make_quote(desk.instruments[0], last=price, at=desk.at)


def newest() -> Order:
    return Order.objects.order_by("-id")[0]


@pytest.mark.parametrize(("mode", "sides"), [("one_way", ("", "")), ("hedge", ("short", "long"))])
def test_a_bot_goes_short_turns_and_goes_long(mode: str, sides: tuple[str, str]) -> None:
    desk = perpetuals(mode)
    bot = desk.bot(strategy="sma_swing", sizing=BOTH)
    desk.history(FALLING)
    desk.cycle()
    [refusal] = desk.decision(bot).codes
    assert (refusal["code"], refusal["value"]) == ("LEVERAGE_NOT_SET", "not yet set at the venue")

    set_at_venue(desk)
    desk.step(98.0)
    desk.cycle()
    entry = newest()
    # 1000 of margin at three times leverage, at the price of the decision: 3000 / 99
    assert (entry.purpose, entry.side, entry.amount) == ("entry", "sell", D("30.303"))
    assert (entry.reduce_only, entry.position_side) == (False, sides[0])
    filled(desk, entry, "98")
    assert Position.objects.get(bot=bot).amount == D("-30.303")
    [stop] = unprotected_positions(account_id=desk.account.id)
    assert (stop.side, stop.stop_price) == ("buy", D("102.9"))

    desk.step(120.0)
    desk.cycle()
    leaving = newest()
    assert (leaving.purpose, leaving.side, leaving.amount) == ("reduce", "buy", D("30.303"))
    assert (leaving.reduce_only, leaving.position_side) == (mode == "one_way", sides[0])
    filled(desk, leaving, "120")
    desk.step(121.0)
    desk.cycle()
    entry = newest()
    assert (entry.purpose, entry.side, entry.position_side) == ("entry", "buy", sides[1])
    assert entry.amount == D("25")
    assert broken_invariants() == {}


@pytest.mark.parametrize(
    ("sizing", "side"), [(BOTH | {"sides": "long"}, None), (BOTH | {"sides": "short"}, "sell")],
    ids=["long only", "short only"],
)  # fmt: skip
def test_only_the_sides_of_the_config_are_traded(sizing: dict[str, str], side: str | None) -> None:
    desk = perpetuals()
    desk.bot(strategy="sma_swing", sizing=sizing)
    set_at_venue(desk)
    desk.history(FALLING)
    desk.cycle()
    assert [order.side for order in Order.objects.all()] == ([side] if side else [])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"sizing": BOTH}, "STRATEGY_CANNOT_SHORT"),
        ({"sizing": BOTH | {"leverage": "21"}}, "LEVERAGE_TOO_HIGH"),
        ({"sizing": BOTH | {"leverage": "2.5"}}, "SIZING_OUT_OF_RANGE"),
        ({"sizing": BOTH | {"margin_mode": "none"}}, "MARGIN_MODE_UNKNOWN"),
        (
            {"sizing": BOTH | {"margin_mode": "isolated"}, "protection": {"stop_loss": "0.4"}},
            "LIQUIDATION_BEFORE_STOP",
        ),
    ],
    ids=["no shorts", "leverage", "no whole number", "mode", "liquidation"],
)
def test_what_a_config_may_not_say(content: dict[str, object], code: str) -> None:
    with pytest.raises(DeskError) as raised:
        perpetuals().bot(**content)
    assert raised.value.code == code


def test_bots_of_one_account_agree_on_leverage_and_share_nothing_real() -> None:
    desk = perpetuals()
    desk.bot("first", strategy="sma_swing", sizing=BOTH)
    with pytest.raises(DeskError) as raised:
        desk.bot("second", strategy="sma_swing", sizing=BOTH | {"leverage": "2"})
    assert raised.value.code == "LEVERAGE_CONFLICT"
    second = Bot.objects.select_related("account").get(slug="second")
    second.config = Bot.objects.get(slug="first").config
    sizing = parse_sizing(second.config.sizing)
    refuse_shared_perpetuals(bot=second, sizing=sizing)
    second.account.environment = "testnet"
    with pytest.raises(DeskError) as raised:
        refuse_shared_perpetuals(bot=second, sizing=sizing)
    assert raised.value.code == "PERPETUAL_TAKEN"
