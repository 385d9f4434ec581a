"""What the control face shows of an account's futures side."""

from __future__ import annotations

from typing import Any

from apps.core.domain.money import plain
from apps.simulator.domain.accounts import Account
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.perpetual.books import Wallet
from apps.simulator.domain.perpetual.margin import liquidation_price, mark_of


def futures_state(ledger: Ledger, account: Account) -> dict[str, Any]:
    """Return wallets with their flows and positions with their marks; empty without a wallet."""
    books, owner = ledger.contracts, account.account_id
    wallets = {
        asset: _flows(w) for (held, asset), w in sorted(books.wallets.items()) if held == owner
    }
    if not wallets:
        return {}
    positions = [
        {
            "instrument": ledger.instruments[position.symbol].pair,
            "side": position.side,
            "amount": plain(position.amount),
            "entry": plain(position.entry),
            "mark": plain(mark_of(ledger, position.symbol)),
            "liquidation": plain(liquidation_price(ledger, position)),
            "isolated": plain(position.isolated),
        }
        for position in books.positions_of(owner)
    ]
    mode = books.mode(owner)
    return {"wallets": wallets, "positions": positions, "hedged": mode.is_hedged}


def _flows(wallet: Wallet) -> dict[str, str]:
    return {
        "balance": plain(wallet.balance),
        "deposited": plain(wallet.deposited),
        "realised": plain(wallet.realised),
        "fees": plain(wallet.fees),
        "funding": plain(wallet.funding),
    }
