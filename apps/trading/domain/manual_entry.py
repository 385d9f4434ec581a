"""An entry by hand on real money, as the content that a second person agrees to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from apps.trading.domain.manual import ManualTerms
from apps.trading.domain.places import Place

KIND: Final = "order.manual_entry"
MONEY: Final = ("amount", "price", "stop_price", "trailing_rate")


def entry_content(*, place: Place, terms: ManualTerms) -> dict[str, Any]:
    """Return the terms of the order and where it would be placed: bot, config, stage, account."""
    return {
        "bot_id": place.bot_id,
        "bot": place.slug,
        "stage": place.stage,
        "config_id": place.config_id,
        "account_id": place.account_id,
        "venue": place.venue,
        "symbol": place.symbol,
        "order": asdict(terms),
    }


def terms_from(content: Mapping[str, Any]) -> ManualTerms:
    """Return the terms that a stored content holds."""
    values = dict(content["order"])
    for name in MONEY:
        if values[name] is not None:
            values[name] = Decimal(values[name])
    if values["expires_at"] is not None:
        values["expires_at"] = datetime.fromisoformat(values["expires_at"])
    return ManualTerms(**values)
