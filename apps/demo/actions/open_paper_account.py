"""Open an account at the simulated exchange and the desk's login for it."""

from __future__ import annotations

import secrets
from decimal import Decimal

from django.db import transaction

from apps.core.actor import Actor
from apps.simulator.contract_models import Wallet
from apps.simulator.models import Account as ExchangeAccount
from apps.simulator.models import Balance as ExchangeBalance
from apps.venues.actions.create_account import create_account
from apps.venues.actions.write_keys import write_keys
from apps.venues.models import VenueAccount


def open_paper_account(
    *, actor: Actor, slug: str, name: str, balances: dict[str, Decimal], venue: str = "binance"
) -> VenueAccount:
    """Return a simulated venue account with fresh keys and `balances` (asset → amount).

    At `binanceusdm` they lie in the wallet of perpetuals. The exchange reads its accounts when it starts, so call this before it runs.
    """
    key, secret = secrets.token_hex(32), secrets.token_hex(32)
    with transaction.atomic(using="simulator"):
        there = ExchangeAccount.objects.create(
            name=slug,
            api_key=key,
            secret=secret,
            fee_maker=Decimal("0.001"),
            fee_taker=Decimal("0.001"),
        )
        if venue == "binanceusdm":
            Wallet.objects.bulk_create(
                Wallet(
                    account=there, asset=asset, deposited=amount, balance=amount,
                    realised=0, fees=0, funding=0,
                )
                for asset, amount in balances.items()
            )  # fmt: skip
        else:
            ExchangeBalance.objects.bulk_create(
                ExchangeBalance(account=there, asset=asset, free=amount)
                for asset, amount in balances.items()
            )
    account = create_account(
        actor=actor,
        slug=slug,
        name=name,
        venue=venue,
        environment="simulated",
        quote_asset="USDT",
    )
    write_keys(actor=actor, account_id=account.id, api_key=key, api_secret=secret)
    return account
