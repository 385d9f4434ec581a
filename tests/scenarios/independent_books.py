#!/usr/bin/env python3
"""Profit and fees of each order owner, from the exchange's own trade list and nothing of the desk.

Input (JSON on stdin): {"owners": {client_order_id: owner}, "trades": [{"clientOrderId", "symbol",
"isBuyer", "price", "qty", "quoteQty", "commission", "commissionAsset", "id"}, …]}, by symbol and id.
Output: {owner: {"profit": text, "fees": text, "amount": text}}, average cost, exact fractions.
"""

import json
import sys
from collections import defaultdict
from fractions import Fraction


def settle(trades: list[dict], owners: dict[str, str]) -> dict[str, dict[str, str]]:
    held, basis = defaultdict(Fraction), defaultdict(Fraction)
    profit, fees = defaultdict(Fraction), defaultdict(Fraction)
    for trade in trades:
        owner = owners[trade["clientOrderId"]]
        key = (owner, trade["symbol"])
        price, amount = Fraction(trade["price"]), Fraction(trade["qty"])
        cost, fee = Fraction(trade["quoteQty"]), Fraction(trade["commission"])
        in_quote = trade["symbol"].endswith(trade["commissionAsset"])
        fees[owner] += fee if in_quote else fee * price
        if trade["isBuyer"]:
            got = amount if in_quote else amount - fee
            held[key] += got
            basis[key] += got * price
        else:
            given = amount if in_quote else amount + fee
            out = basis[key] if given == held[key] else basis[key] * given / held[key]
            profit[owner] += cost - out
            held[key] -= given
            basis[key] -= out
    return {
        owner: {
            "profit": f"{float(profit[owner]):.8f}",
            "fees": f"{float(fees[owner]):.8f}",
            "amount": str(sum(float(v) for (o, _), v in held.items() if o == owner)),
        }
        for owner in sorted(set(owners.values()))
    }


if __name__ == "__main__":
    body = json.load(sys.stdin)
    print(json.dumps(settle(body["trades"], body["owners"]), indent=1))
