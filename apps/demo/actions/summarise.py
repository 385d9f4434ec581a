"""The end of a replay: counts, checks against the exchange, digest."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apps.core.domain.money import plain
from apps.demo.actions.lockstep import Lockstep
from apps.demo.domain.digest import digest_of
from apps.demo.queries import FILLS_BY_BOT, TOTALS, end_state, rows
from apps.ops.actions.check_invariants import check_invariants


def summarise(*, driver: Lockstep, seconds: float) -> dict[str, Any]:
    """Return one JSON-like summary; `ok` is false when any check failed."""
    cycles, failed, orders, unended, fills, profit, fees, trips, cases, funding = rows(TOTALS)[0]
    digest, parts = digest_of({name: iter(found) for name, found in end_state().items()})
    invariants = check_invariants()
    trades = driver.control.trades(account=driver.account_name)
    checks = {
        "invariants": invariants["violations"],
        "orders_without_end": unended,
        "balance_differences": balance_differences(driver),
        "trades_not_booked": abs(len(trades) - fills),
        "failed_cycles": failed,
        "open_cases": cases,
    }
    return {
        "ok": not any(bool(value) for value in checks.values()),
        "steps": driver.steps,
        "candles": driver.candles,
        "cycles": cycles,
        "orders": orders,
        "fills": fills,
        "round_trips": trips,
        "profit": plain(profit),
        "fees": plain(fees),
        "funding": plain(funding),
        "net": plain(profit - fees + funding),
        "seconds": round(seconds, 1),
        "steps_per_second": round(driver.steps / seconds, 1) if seconds else None,
        "candles_per_second": round(driver.candles / seconds, 1) if seconds else None,
        "checks": checks,
        "invariants": invariants["checks"],
        "bots": [
            {
                "bot": slug,
                "fills": count,
                "profit": plain(made),
                "fees": plain(paid),
                "round_trips": closed,
            }
            for slug, count, made, paid, closed in rows(FILLS_BY_BOT)
        ],
        "digest": digest,
        "digests": parts,
    }


def balance_differences(driver: Lockstep) -> list[str]:
    """Return where our ledger and the exchange's balances are not exactly equal."""
    ours: dict[str, Decimal] = dict(
        rows(
            "SELECT asset, amount FROM portfolio_balance WHERE account_id = %s",
            (driver.account_id,),
        )
    )
    body = driver.control.state().body["accounts"][driver.account_name]
    theirs = {
        asset: Decimal(found["free"]) + Decimal(found["locked"])
        for asset, found in body["balances"].items()
    }
    # what perpetuals have in their wallet: deposits, profit, fees and funding
    for asset, wallet in body.get("futures", {}).get("wallets", {}).items():
        theirs[asset] = theirs.get(asset, Decimal(0)) + Decimal(wallet["balance"])
    zero = Decimal(0)
    return [
        f"{asset}: desk {plain(ours.get(asset, zero))} exchange {plain(theirs.get(asset, zero))}"
        for asset in sorted(ours.keys() | theirs.keys())
        if ours.get(asset, zero) != theirs.get(asset, zero)
    ]
