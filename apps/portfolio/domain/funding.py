"""Who bears a funding payment: the bots that held the perpetual when it was due."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from uuid import UUID

from apps.core.domain.money import ZERO, settle
from apps.portfolio.domain.position import DIGITS

Holdings = Mapping[UUID, Decimal]


def share_funding(
    *, amount: Decimal, rate: Decimal | None, holdings: Holdings, by_side: bool = False
) -> dict[UUID, Decimal]:
    """Return each holder's part of a payment of `amount` (negative when paid), pro rata.

    `holdings` are base units, negative when short: funding is proportional to the signed holding,
    so a bot against the account's net gets what it would have got alone. With `by_side` (hedge
    mode, one payment a side) only the side that pays or receives at this `rate` takes part. The
    parts sum to `amount` to the last digit: the largest holder takes what rounding leaves. Nobody
    holds, or the holdings cancel out: nothing is shared.
    """
    held = _takers(amount, rate, holdings) if by_side and rate else dict(holdings)
    with localcontext(prec=DIGITS):
        whole = sum(held.values(), ZERO)
        if not whole:
            return {}
        ordered = sorted(held, key=lambda bot: (-abs(held[bot]), bot))
        shares = {bot: settle(amount * held[bot] / whole) for bot in ordered if held[bot]}
        shares[ordered[0]] += amount - sum(shares.values(), ZERO)
    return {bot: share for bot, share in shares.items() if share}


def _takers(amount: Decimal, rate: Decimal, holdings: Holdings) -> dict[UUID, Decimal]:
    """Return the holdings of the side that pays or receives: at a positive rate longs pay."""
    is_long = (amount < 0) == (rate > 0)
    return {bot: held for bot, held in holdings.items() if held and (held > 0) == is_long}
