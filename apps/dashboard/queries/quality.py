"""How well orders are executed lately: each bot and account against the thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from apps.bots.models import Bot
from apps.dashboard.domain import formats
from apps.orders.models import OrderQuality, QualityWatch
from apps.supervision.domain.execution import SAMPLE_MIN, THRESHOLDS, Rolling
from apps.supervision.queries import rolling_quality
from apps.venues.models import VenueAccount

LATEST: Final = 50
LEVELS: Final = ("ok", "warning", "reducing")


@dataclass(frozen=True, slots=True)
class Measured:
    """The last orders of one bot or account, and how they stand."""

    scope: str
    slug: str
    rolling: Rolling
    levels: dict[str, str]

    @property
    def state(self) -> str:
        """The worst level; `too few` under the sample that may change one."""
        if self.levels:
            return max(self.levels.values(), key=LEVELS.index)
        return "ok" if self.rolling.sample >= SAMPLE_MIN else "too few"

    @property
    def cells(self) -> list[tuple[str, str, str]]:
        """Return (title, text, level) of each figure."""
        row = self.rolling
        return [
            ("Slippage", _number(row.slippage_bps, " bps"), self._level("slippage_bps")),
            ("Acknowledged, p95", _number(row.acknowledge_ms, " ms", 0), self._level("acknowledge_ms")),
            ("Filled, p95", _number(row.fill_ms, " ms", 0), ""),
            ("Filled part", _share(row.fill_ratio), self._level("unfilled_share")),
            ("Rejected", _share(row.reject_rate), self._level("reject_rate")),
        ]  # fmt: skip

    def _level(self, measure: str) -> str:
        found = self.levels.get(measure, "ok")
        return "" if found == "ok" else found


def read_quality(*, bot_id: UUID | None = None) -> list[Measured]:
    """Return the bots, then the accounts that traded lately (4 statements); or one bot alone."""
    levels: dict[UUID, dict[str, str]] = {}
    for bot, measure, level in QualityWatch.objects.values_list("bot_id", "measure", "level"):
        levels.setdefault(bot, {})[measure] = level
    rows = [(key, rolling) for key, rolling in rolling_quality().items()
            if bot_id is None or key == ("bot", bot_id)]  # fmt: skip
    slugs: dict[UUID, str] = dict(Bot.objects.order_by().values_list("id", "slug"))
    slugs |= dict(VenueAccount.objects.order_by().values_list("id", "slug"))
    found = [
        Measured(scope, slugs[key], rolling, levels.get(key, {})) for (scope, key), rolling in rows
    ]
    order = sorted(found, key=lambda row: row.slug)
    return [row for scope in ("bot", "account") for row in order if row.scope == scope]


def thresholds() -> list[dict[str, str]]:
    """Return each watched measure with where it warns and where it stops entries."""
    return [
        {
            "words": rule.words,
            "warning": _limit(rule.warning, rule.unit),
            "reducing": formats.MISSING if rule.reducing is None else _limit(rule.reducing, rule.unit),
        }
        for rule in THRESHOLDS.values()
    ]  # fmt: skip


def latest_of(bot_id: UUID) -> list[dict[str, Any]]:
    """Return the bot's last measured orders, newest first (one statement)."""
    found: QuerySet[Any, Any] = OrderQuality.objects.filter(bot_id=bot_id).order_by("-ended_at")
    return list(
        found.values(
            "ended_at", "status", "slippage_bps", "submit_ms", "acknowledge_ms", "fill_ms",
            "fill_ratio", "maker_share", "fee_bps", "order__client_order_id", "order__side",
            "order__type", "order__purpose", "order__instrument__symbol",
        )[:LATEST]
    )  # fmt: skip


def _limit(value: float, unit: str) -> str:
    return _share(value) if unit == "share" else _number(value, f" {unit}", 0)


def _number(value: float | None, unit: str, digits: int = 1) -> str:
    if value is None:
        return formats.MISSING
    return f"{formats.number(Decimal(repr(value)), digits)}{unit}"


def _share(value: float | None) -> str:
    return formats.percent(None if value is None else Decimal(repr(value)), 1)
