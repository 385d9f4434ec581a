"""Books of perpetuals on the simulated exchange; `models` makes them known to Django."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from apps.simulator.columns import number


class Wallet(models.Model):
    """The futures wallet of an account: what it holds is the sum of its flows, to the last place."""

    account = models.ForeignKey("simulator.Account", on_delete=models.RESTRICT, related_name="+")
    asset = models.CharField(max_length=20)
    deposited = number()
    realised = number()
    fees = number()
    funding = number()
    balance = number()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "asset"], name="simulator_wallet_once"),
            models.CheckConstraint(
                name="simulator_wallet_identity",
                condition=Q(balance=F("deposited") + F("realised") - F("fees") + F("funding")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset} {self.balance}"


class Position(models.Model):
    """A holding of a perpetual; amount in base units, negative when short, cost in quote units."""

    account = models.ForeignKey("simulator.Account", on_delete=models.RESTRICT, related_name="+")
    symbol = models.CharField(max_length=30)
    side = models.CharField(max_length=5)
    amount = number()
    cost = number()
    isolated = number()
    realised = number()
    updated_ms = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "symbol", "side"], name="simulator_position_once"
            ),
            models.CheckConstraint(
                name="simulator_position_sane",
                condition=Q(amount=0, cost=0)
                | Q(amount__gt=0, cost__gte=0, side__in=["BOTH", "LONG"])
                | Q(amount__lt=0, cost__lte=0, side__in=["BOTH", "SHORT"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.side} {self.amount}"


class ContractSetting(models.Model):
    """An account's leverage and margin type for one contract."""

    account = models.ForeignKey("simulator.Account", on_delete=models.RESTRICT, related_name="+")
    symbol = models.CharField(max_length=30)
    leverage = models.SmallIntegerField(default=20)
    is_isolated = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "symbol"], name="simulator_contract_setting_once"
            ),
            models.CheckConstraint(
                name="simulator_contract_leverage", condition=Q(leverage__gte=1, leverage__lte=125)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.leverage}x"


class ContractMode(models.Model):
    """An account's position mode and fee rates (fractions) for all contracts."""

    account = models.OneToOneField(
        "simulator.Account", on_delete=models.RESTRICT, related_name="+", primary_key=True
    )
    is_hedged = models.BooleanField(default=False)
    fee_maker = number()
    fee_taker = number()

    def __str__(self) -> str:
        return f"{'hedged' if self.is_hedged else 'one-way'}"


class AlgoOrder(models.Model):
    """A conditional order; `order_id` is the order it sent when it triggered, 0 before."""

    algo_id = models.BigIntegerField(primary_key=True)
    account = models.ForeignKey("simulator.Account", on_delete=models.RESTRICT, related_name="+")
    symbol = models.CharField(max_length=30)
    client_algo_id = models.CharField(max_length=40)
    side = models.CharField(max_length=4)
    position_side = models.CharField(max_length=5)
    type = models.CharField(max_length=20)
    time_in_force = models.CharField(max_length=3)
    amount = number()
    price = number()
    trigger_price = number()
    working_type = models.CharField(max_length=14)
    reduce_only = models.BooleanField(default=False)
    close_position = models.BooleanField(default=False)
    activation_price = number()
    callback = number()
    good_till_ms = models.BigIntegerField(default=0)
    created_ms = models.BigIntegerField()
    updated_ms = models.BigIntegerField()
    extreme = number()
    triggered_ms = models.BigIntegerField(default=0)
    order_id = models.BigIntegerField(default=0)
    status = models.CharField(max_length=10)

    class Meta:
        indexes = [
            models.Index(fields=["account", "symbol", "algo_id"], name="simulator_algo_listing"),
            models.Index(
                fields=["algo_id"], name="simulator_algo_waiting", condition=Q(status="NEW")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.algo_id} {self.side} {self.type} {self.symbol} {self.status}"


class Income(models.Model):
    """One flow of a futures wallet: realised profit, commission, funding; `kind` as Binance says."""

    income_id = models.BigIntegerField(primary_key=True)
    account = models.ForeignKey("simulator.Account", on_delete=models.RESTRICT, related_name="+")
    symbol = models.CharField(max_length=30)
    kind = models.CharField(max_length=20)
    amount = number()
    asset = models.CharField(max_length=20)
    at_ms = models.BigIntegerField()
    trade_id = models.BigIntegerField(default=0)
    rate = number()

    class Meta:
        indexes = [
            models.Index(fields=["account", "at_ms", "income_id"], name="simulator_income_listing")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.asset}"
