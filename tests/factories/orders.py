"""Verdicts, drafts, orders and fills, and the reports a venue would give of them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from apps.bots.models import Bot
from apps.core.clock import now, to_ms
from apps.marketdata.models import Instrument
from apps.orders.domain.drafts import OrderDraft
from apps.orders.models import Fill, Order
from apps.risk.models import Verdict
from apps.venues.domain.reports import FillReport, OrderReport
from tests.factories.bots import make_bot
from tests.factories.venues import NUMBERS


def _instrument(bot: Bot) -> Instrument:
    return bot.config.instruments.get().instrument


def make_verdict(bot: Bot, instrument: Instrument | None = None, **values: Any) -> Verdict:
    """An allowing verdict for `bot`."""
    defaults = {"is_allowed": True, "proposal": {"purpose": "entry"}, "at": now()}
    return Verdict.objects.create(
        account_id=bot.account_id,
        bot=bot,
        instrument=instrument or _instrument(bot),
        **defaults | values,
    )


def make_draft(
    bot: Bot | None = None, instrument: Instrument | None = None, **values: Any
) -> OrderDraft:
    """A market buy of 1 that may be sent within a minute, with its verdict."""
    bot = bot or make_bot()
    instrument = instrument or _instrument(bot)
    if "verdict_id" not in values:
        values["verdict_id"] = make_verdict(bot, instrument).id
    defaults = {
        "account_id": bot.account_id,
        "bot_id": bot.id,
        "config_id": bot.config_id,
        "instrument_id": instrument.id,
        "purpose": "entry",
        "side": "buy",
        "type": "market",
        "amount": Decimal(1),
        "decided_at": now(),
        "send_by": now() + timedelta(minutes=1),
        "scheduled": str(next(NUMBERS)),
        "leg": "entry",
    }
    return OrderDraft(**defaults | values)


def make_order(
    bot: Bot | None = None, instrument: Instrument | None = None, **values: Any
) -> Order:
    """A created market buy of 1; give `status`, `venue_order_id` … for a later point of its life."""
    bot = bot or make_bot()
    instrument = instrument or _instrument(bot)
    if "verdict" not in values:
        values["verdict"] = make_verdict(bot, instrument)
    defaults = {
        "client_order_id": f"{next(NUMBERS):032x}",
        "purpose": "entry",
        "side": "buy",
        "type": "market",
        "amount": Decimal(1),
        "decided_at": now(),
        "send_by": now() + timedelta(minutes=1),
    }
    return Order.objects.create(
        account_id=bot.account_id, bot=bot, config_id=bot.config_id, instrument=instrument,
        **defaults | values,
    )  # fmt: skip


def make_fill(order: Order, **values: Any) -> Fill:
    """A fill row of the whole order at 100, without the effects that `absorb` would give it."""
    number = next(NUMBERS)
    amount = Decimal(values.pop("amount", order.amount))
    price = Decimal(values.pop("price", 100))
    defaults = {
        "venue_order_id": order.venue_order_id or f"v{number}",
        "venue_trade_id": f"t{number}",
        "side": order.side,
        "liquidity": "taker",
        "cost": amount * price,
        "fee": Decimal(0),
        "fee_asset": order.instrument.quote,
        "at": now(),
        "recorded_at": now(),
    }
    return Fill.objects.create(
        order=order, account_id=order.account_id, bot_id=order.bot_id,
        instrument_id=order.instrument_id, amount=amount, price=price, **defaults | values,
    )  # fmt: skip


def fill_report(order: Order, **values: Any) -> FillReport:
    """The venue's report of one fill of `order`: all of it at 100, no fee."""
    number = next(NUMBERS)
    amount = Decimal(values.pop("amount", order.amount))
    price = Decimal(values.pop("price", 100))
    defaults = {
        "symbol": order.instrument.symbol,
        "venue_order_id": order.venue_order_id or f"v{order.client_order_id}",
        "venue_trade_id": str(number),
        "client_order_id": order.client_order_id,
        "side": order.side,
        "cost": amount * price,
        "fee": Decimal(0),
        "fee_asset": order.instrument.quote,
        "liquidity": "taker",
        "at_ms": to_ms(now()),
    }
    return FillReport(amount=amount, price=price, **defaults | values)


def order_report(order: Order, **values: Any) -> OrderReport:
    """The venue's report of `order`: open and unfilled unless given; fills sum up by themselves."""
    fills = tuple(values.get("fills", ()))
    defaults = {
        "client_order_id": order.client_order_id,
        "venue_order_id": order.venue_order_id or f"v{order.client_order_id}",
        "symbol": order.instrument.symbol,
        "status": "open",
        "side": order.side,
        "type": order.type,
        "amount": order.amount,
        "filled": sum((f.amount for f in fills), Decimal(0)),
        "cost": sum((f.cost for f in fills), Decimal(0)),
        "price": order.price,
        "stop_price": order.stop_price,
        "at_ms": to_ms(now()),
    }
    return OrderReport(**defaults | values)
