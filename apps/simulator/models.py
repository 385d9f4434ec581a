"""Books of the simulated exchange, in its own database.

The process keeps open orders and balances in memory and writes these tables with plain SQL
(`gateways/store.py`); the models exist for their constraints, migrations and the admin.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from apps.simulator.columns import number
from apps.simulator.contract_models import (
    AlgoOrder,
    ContractMode,
    ContractSetting,
    Income,
    Position,
    Wallet,
)

__all__ = [
    "Account",
    "AlgoOrder",
    "Balance",
    "Block",
    "ContractMode",
    "ContractSetting",
    "Income",
    "Instrument",
    "Market",
    "Order",
    "OrderList",
    "Position",
    "Trade",
    "Wallet",
]


class Account(models.Model):
    """A customer of the exchange. The secret is good for this exchange only."""

    name = models.CharField(max_length=100, unique=True)
    api_key = models.CharField(max_length=100, unique=True)
    secret = models.CharField(max_length=200)
    fee_maker = number()
    fee_taker = number()
    fee_mode = models.CharField(max_length=10, default="received")
    fee_asset = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="simulator_account_fee_mode",
                condition=Q(fee_mode__in=["received", "quote", "asset"]),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Balance(models.Model):
    """What an account holds of one asset, in units of that asset."""

    account = models.ForeignKey(Account, on_delete=models.RESTRICT, related_name="balances")
    asset = models.CharField(max_length=20)
    free = number()
    locked = number()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "asset"], name="simulator_balance_once"),
            models.CheckConstraint(
                name="simulator_balance_not_negative", condition=Q(free__gte=0, locked__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.asset} {self.free}+{self.locked}"


class Instrument(models.Model):
    """A listed pair: tick (quote units), step (base units), least cost (quote units)."""

    symbol = models.CharField(max_length=30, primary_key=True)
    base = models.CharField(max_length=20)
    quote = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, default="spot")
    tick = number()
    step = number()
    cost_min = number()
    amount_max = number()
    volume_share = number()
    half_spread = number()
    impact = number()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="simulator_instrument_rules", condition=Q(tick__gt=0, step__gt=0)
            )
        ]

    def __str__(self) -> str:
        return self.symbol


class Order(models.Model):
    """An accepted order; amounts in base units, prices and cost in quote units, times in ms."""

    order_id = models.BigIntegerField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.RESTRICT, related_name="orders")
    symbol = models.CharField(max_length=30)
    client_order_id = models.CharField(max_length=40)
    side = models.CharField(max_length=4)
    type = models.CharField(max_length=20)
    time_in_force = models.CharField(max_length=3)
    amount = number()
    price = number()
    stop_price = number()
    cost_asked = number()
    reduce_only = models.BooleanField(default=False)
    created_ms = models.BigIntegerField()
    updated_ms = models.BigIntegerField()
    working_ms = models.BigIntegerField()
    filled = number()
    cost = number()
    locked = number()
    status = models.CharField(max_length=20)
    order_list_id = models.BigIntegerField(default=-1)
    trailing_delta = models.IntegerField(default=0)
    trailing_ms = models.BigIntegerField(default=-1)
    trailing_best = number()
    amends = models.SmallIntegerField(default=0)
    position_side = models.CharField(max_length=5, blank=True)
    good_till_ms = models.BigIntegerField(default=0)
    orig_type = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="simulator_order_filled_within_amount",
                condition=Q(filled__gte=0, filled__lte=F("amount"), amount__gt=0, locked__gte=0),
            )
        ]
        indexes = [
            models.Index(fields=["account", "symbol", "order_id"], name="simulator_order_listing"),
            models.Index(
                fields=["account", "symbol", "client_order_id"], name="simulator_order_client"
            ),
            models.Index(
                fields=["order_id"],
                name="simulator_order_open",
                condition=Q(status__in=["NEW", "PARTIALLY_FILLED"]),
            ),
            models.Index(
                fields=["order_list_id"],
                name="simulator_order_of_list",
                condition=Q(order_list_id__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.side} {self.amount} {self.symbol} {self.status}"


class OrderList(models.Model):
    """An accepted order list; its legs are the orders that carry its number. Times in ms."""

    order_list_id = models.BigIntegerField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.RESTRICT, related_name="order_lists")
    symbol = models.CharField(max_length=30)
    client_list_id = models.CharField(max_length=40)
    contingency = models.CharField(max_length=10, default="OCO")
    status = models.CharField(max_length=20)
    created_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="simulator_order_list_status",
                condition=Q(status__in=["EXECUTING", "ALL_DONE"]),
            )
        ]
        indexes = [
            models.Index(fields=["account", "order_list_id"], name="simulator_list_listing"),
        ]

    def __str__(self) -> str:
        return f"{self.order_list_id} {self.contingency} {self.symbol} {self.status}"


class Trade(models.Model):
    """One side of one execution; the trade id is per symbol and shared by both sides."""

    symbol = models.CharField(max_length=30)
    trade_id = models.BigIntegerField()
    order = models.ForeignKey(Order, on_delete=models.RESTRICT, related_name="trades")
    account = models.ForeignKey(Account, on_delete=models.RESTRICT, related_name="trades")
    side = models.CharField(max_length=4)
    price = number()
    amount = number()
    cost = number()
    fee = number()
    fee_asset = models.CharField(max_length=20)
    is_maker = models.BooleanField()
    at_ms = models.BigIntegerField()
    position_side = models.CharField(max_length=5, blank=True)
    realised = number()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["symbol", "trade_id", "order"], name="simulator_trade_once"
            ),
            models.CheckConstraint(
                name="simulator_trade_positive", condition=Q(price__gt=0, amount__gt=0)
            ),
        ]
        indexes = [
            models.Index(fields=["account", "symbol", "trade_id"], name="simulator_trade_listing")
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.trade_id}"


class Market(models.Model):
    """Where prices come from and how far market time has come: a single row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    kind = models.CharField(max_length=10)
    spec = models.JSONField()
    clock_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="simulator_market_single", condition=Q(id=1)),
            models.CheckConstraint(
                name="simulator_market_kind", condition=Q(kind__in=["candles", "random"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.clock_ms}"


class Block(models.Model):
    """One generated hour of the random market: packed minute candles, and the state after it."""

    number = models.BigIntegerField(primary_key=True)
    state = models.JSONField()
    candles = models.BinaryField()

    def __str__(self) -> str:
        return str(self.number)
