"""What has to be fed: read from the bots every few seconds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.core.errors import DeskError
from apps.strategies.domain.parameters import parse_parameters
from apps.strategies.domain.registry import strategy_named

Need = tuple[str, str]
# beyond what a strategy asks for, so that a chart has something to show
CHART_CANDLES: Final = 200
SAMPLE_NEEDS: Final = 10
ACTIVE_SQL: Final = """
SELECT a.id, a.venue, a.environment, a.api_key_sealed <> '', i.symbol, i.is_tradable,
       c.timeframe, s.name, c.parameters
  FROM bots_bot b
  JOIN venues_venueaccount a ON a.id = b.account_id AND a.archived_at IS NULL
  JOIN bots_botconfig c ON c.id = b.config_id
  JOIN bots_botconfiginstrument ci ON ci.config_id = c.id
  JOIN marketdata_instrument i ON i.id = ci.instrument_id
  JOIN strategies_strategyversion v ON v.id = c.strategy_version_id
  JOIN strategies_strategy s ON s.id = v.strategy_id
 WHERE b.state IN ('running', 'paused') AND b.archived_at IS NULL
 ORDER BY a.id
"""


@dataclass(frozen=True, slots=True)
class Market:
    """One venue and environment: its prices are shared by all accounts there."""

    venue: str
    environment: str


@dataclass(frozen=True, slots=True)
class MarketPlan:
    """Candles per (symbol, timeframe) with how many must be there, and who waits for them."""

    market: Market
    needs: dict[Need, int]
    account_ids: tuple[UUID, ...]
    unknown_symbols: frozenset[str] = frozenset()

    @property
    def symbols(self) -> list[str]:
        """The symbols, in order."""
        return sorted({symbol for symbol, _ in self.needs})

    @property
    def timeframes(self) -> list[str]:
        """The timeframes, in order."""
        return sorted({timeframe for _, timeframe in self.needs})


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the feed has to keep up."""

    markets: dict[Market, MarketPlan]
    accounts: dict[UUID, Market]
    symbols: dict[UUID, tuple[str, ...]] = field(default_factory=dict)


def read_plan() -> Plan:
    """Return what the active bots of all open accounts need; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(ACTIVE_SQL)
        rows = cursor.fetchall()
    markets: dict[Market, MarketPlan] = {}
    accounts: dict[UUID, Market] = {}
    by_market: dict[Market, list[tuple[Any, ...]]] = {}
    for row in rows:
        market = Market(row[1], row[2])
        by_market.setdefault(market, []).append(row)
        if row[3]:
            accounts[row[0]] = market
    for market, found in by_market.items():
        markets[market] = MarketPlan(
            market,
            _needs(row for row in found if row[5]),
            tuple(sorted({row[0] for row in found})),
            frozenset(row[4] for row in found if not row[5]),
        )
    traded: dict[UUID, set[str]] = {}
    for row in rows:
        traded.setdefault(row[0], set()).add(row[4])
    return Plan(markets, accounts, {key: tuple(sorted(found)) for key, found in traded.items()})


def _needs(rows: Iterable[tuple[Any, ...]]) -> dict[Need, int]:
    needs: dict[Need, int] = {}
    asked: dict[tuple[str, str, str], dict[str, int]] = {}
    for *_, symbol, _, timeframe, strategy, parameters in rows:
        key = (strategy, timeframe, parameters)
        if key not in asked:
            # a raw cursor hands JSON out as text
            asked[key] = candles_needed(strategy, timeframe, json.loads(parameters))
        for frame, count in asked[key].items():
            needs[symbol, frame] = max(count, needs.get((symbol, frame), 0))
    return needs


def candles_needed(strategy: str, timeframe: str, parameters: Any) -> dict[str, int]:
    """Return how many candles of each timeframe a config needs before it can decide.

    A strategy that this process does not know needs its base timeframe alone.
    """
    needed = {timeframe: CHART_CANDLES}
    try:
        known = strategy_named(strategy)
        typed = parse_parameters(known, parameters)
    except DeskError:
        return needed
    needed[timeframe] = max(CHART_CANDLES, known.warmup_candles(typed))
    for frame in known.informative_timeframes:
        count = known.informative_candles(typed).get(frame, SAMPLE_NEEDS)
        needed[frame] = max(needed.get(frame, 0), count)
    return needed
