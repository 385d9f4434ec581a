"""What the feed keeps up follows from the active bots."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.strategies.domain.registry import CATALOGUE
from apps.trading.feed.backoff import Backoff
from apps.trading.feed.plan import CHART_CANDLES, Market, candles_needed, read_plan
from apps.venues.models import VenueAccount
from tests.factories.bots import make_bot, make_strategy_version
from tests.factories.venues import make_instrument

SIMULATED = Market("binance", "simulated")
FILTERED = next(s for s in CATALOGUE.values() if s.informative_timeframes)


@pytest.mark.django_db
def test_needs_of_all_bots_of_a_market_are_joined_in_one_statement() -> None:
    btc, eth = make_instrument(symbol="BTC/USDT"), make_instrument(symbol="ETH/USDT")
    first = make_bot(instruments=[btc, eth])
    make_bot(
        instruments=[eth],
        config={"timeframe": "4h", "strategy_version": make_strategy_version(FILTERED.name)},
    )
    make_bot(instruments=[make_instrument(symbol="OLD/USDT")], state="stopped")
    gone = make_instrument(symbol="GONE/USDT", is_tradable=False)
    make_bot(instruments=[gone], account=first.account)

    with CaptureQueriesContext(connection) as statements:
        plan = read_plan()

    assert len(statements) == 1
    market = plan.markets[SIMULATED]
    assert market.symbols == ["BTC/USDT", "ETH/USDT"]
    informative = {("ETH/USDT", frame) for frame in FILTERED.informative_timeframes}
    assert set(market.needs) == {
        ("BTC/USDT", "1h"), ("ETH/USDT", "1h"), ("ETH/USDT", "4h"), *informative,
    }  # fmt: skip
    assert market.unknown_symbols == {"GONE/USDT"}
    assert first.account_id in market.account_ids
    assert plan.accounts == {}, "an account without keys has no private stream"

    VenueAccount.objects.filter(id=first.account_id).update(api_key_sealed="k1:x")
    assert read_plan().accounts == {first.account_id: SIMULATED}


@pytest.mark.django_db
def test_paused_bots_are_fed_and_archived_accounts_are_not() -> None:
    instrument = make_instrument(symbol="BTC/USDT")
    make_bot(instruments=[instrument], state="paused")
    assert list(read_plan().markets) == [SIMULATED]

    VenueAccount.objects.update(archived_at="2023-01-01T00:00:00Z")
    assert read_plan().markets == {}


@pytest.mark.parametrize("strategy", CATALOGUE.values(), ids=lambda s: s.name)
def test_a_strategy_gets_its_warm_up_and_its_context(strategy: Any) -> None:
    needed = candles_needed(strategy.name, "1h", {})
    parameters = strategy.Parameters()
    assert needed["1h"] >= strategy.warmup_candles(parameters)
    for frame, count in strategy.informative_candles(parameters).items():
        assert needed[frame] >= count


def test_a_strategy_nobody_knows_still_gets_candles_to_look_at() -> None:
    assert candles_needed("retired", "4h", {}) == {"4h": CHART_CANDLES}
    assert candles_needed(FILTERED.name, "1h", {"nonsense": 1}) == {"1h": CHART_CANDLES}


def test_waits_grow_to_a_limit_and_start_again_after_a_success() -> None:
    backoff = Backoff.for_environment("live")
    waits = [backoff.next() for _ in range(10)]
    assert waits[0] < 0.4
    assert 22 < waits[-1] < 38
    backoff.reset()
    assert backoff.next() < 0.4
    assert max(Backoff.for_environment("simulated").next() for _ in range(20)) < 2.6
