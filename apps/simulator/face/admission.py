"""Judging what the control face is asked, before anything reaches the books."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import exact
from apps.core.errors import InvalidInput
from apps.simulator.contract_desk import FuturesTerms
from apps.simulator.domain.accounts import FEE_MODES, FeeSchedule
from apps.simulator.domain.perpetual.contracts import FEE_MAKER, FEE_TAKER

SUM_MAX: Final = Decimal(10) ** 15
RATE_MAX: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What a new account starts with; empty credentials are made up by the exchange."""

    name: str
    balances: dict[str, Decimal]
    fees: FeeSchedule
    credentials: tuple[str, str]
    futures: FuturesTerms | None = None

    @classmethod
    def of(cls, asked: dict[str, Any]) -> AccountTerms:
        """Return the terms of a request.

        :raises InvalidInput: with the field that does not fit.
        """
        balances = asked.get("balances") or {}
        if not isinstance(balances, dict):
            raise InvalidInput("BAD_BALANCES", field="balances")
        return cls(
            name=short(asked, "name", 100, least=1),
            balances={
                short({"asset": a}, "asset", 20, least=1): sum_of(balances, a) for a in balances
            },
            fees=_fees(asked.get("fees") or {}),
            credentials=(short(asked, "api_key", 100), short(asked, "secret", 200)),
            futures=_futures(asked.get("futures")),
        )


def short(asked: dict[str, Any], field: str, most: int, *, least: int = 0) -> str:
    """Return a text of `least` to `most` characters, empty when it is missing and may be.

    :raises InvalidInput: `BAD_TEXT`.
    """
    value = asked.get(field, "")
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise InvalidInput("BAD_TEXT", field=field, least=least, most=most)
    return value


def sum_of(asked: dict[str, Any], field: str) -> Decimal:
    """Return an amount of an asset.

    :raises InvalidInput: `NOT_A_NUMBER`, `TOO_LARGE`.
    """
    value = exact(str(asked.get(field, "")), field=field)
    if abs(value) > SUM_MAX:
        raise InvalidInput("TOO_LARGE", field=field, most=SUM_MAX)
    return value


def is_futures(asked: dict[str, Any]) -> bool:
    """Return whether the futures wallet is meant; without a word it is the spot wallet.

    :raises InvalidInput: `BAD_WALLET`.
    """
    wallet = asked.get("wallet", "spot")
    if wallet not in {"spot", "futures"}:
        raise InvalidInput("BAD_WALLET", field="wallet", known="spot,futures")
    return bool(wallet == "futures")


def _futures(asked: Any) -> FuturesTerms | None:
    if asked is None:
        return None
    balances = asked.get("balances") if isinstance(asked, dict) else None
    if not isinstance(balances, dict):
        raise InvalidInput("BAD_BALANCES", field="futures.balances")
    return FuturesTerms(
        balances={short({"asset": a}, "asset", 20, least=1): sum_of(balances, a) for a in balances},
        is_hedged=bool(asked.get("hedged", False)),
        maker=_rate(asked, "maker", FEE_MAKER),
        taker=_rate(asked, "taker", FEE_TAKER),
    )


def _fees(asked: dict[str, Any]) -> FeeSchedule:
    standard = FeeSchedule()
    mode = asked.get("mode", standard.mode)
    if mode not in FEE_MODES:
        raise InvalidInput("BAD_FEE_MODE", field="fees.mode", known=",".join(FEE_MODES))
    return FeeSchedule(
        maker=_rate(asked, "maker", standard.maker),
        taker=_rate(asked, "taker", standard.taker),
        mode=mode,
        asset=short(asked, "asset", 20, least=int(mode == "asset")),
    )


def _rate(asked: dict[str, Any], field: str, default: Decimal) -> Decimal:
    rate = exact(str(asked.get(field, default)), field=f"fees.{field}")
    if not 0 <= rate <= RATE_MAX:
        raise InvalidInput("BAD_FEE_RATE", field=f"fees.{field}", most=RATE_MAX)
    return rate
