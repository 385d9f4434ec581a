"""The form of a config version says all that a config can say, and refuses beside the field."""

from __future__ import annotations

import re

import pytest

from apps.bots.models import Bot
from apps.strategies.actions.sync_catalogue import sync_catalogue
from tests.factories import make_account, make_bot, make_instrument, make_perpetual

pytestmark = pytest.mark.django_db
SENT = {
    "timeframe": "1h", "symbols": ["BTC/USDT"], "sizing_mode": "fixed_cost", "sizing_value": "100",
    "order_type": "market", "stop_loss": "0.05", "p_fast": "5", "p_slow": "20", "reason": "first",
}  # fmt: skip
ADDRESS = "/bots/one/config/new/?strategy=sma_cross"


def errors(page: str) -> dict[str, str]:
    """Return the fields that show an error, with its words."""
    found = re.findall(r'<ul class="errors" id="id_(\w+)_error"><li>(.*?)</li>', page)
    return dict(found)


@pytest.fixture
def spot(as_role):
    sync_catalogue()
    make_bot(slug="one", account=make_account(), instruments=[make_instrument(symbol="BTC/USDT")])
    return as_role("strategist")


def test_protection_and_execution_are_stored_shown_and_offered_again(spot) -> None:
    more = {
        "take_profit": "0.1", "trailing_stop": "0.02", "max_fraction": "0.25", "slippage_bps": "40",
        "unfilled_timeout_seconds": "90", "exit_order_type": "limit", "exit_reprices": "1",
        "exit_failures": "2",
    }  # fmt: skip
    assert spot.post(ADDRESS, SENT | more).url == "/bots/one/config/"
    config = Bot.objects.get(slug="one").config
    assert config.protection == {"stop_loss": "0.05", "take_profit": "0.1", "trailing_stop": "0.02"}
    assert config.execution == {
        "slippage_bps": "40", "unfilled_timeout_seconds": "90", "exit_order_type": "limit",
        "exit_reprices": "1", "exit_failures": "2",
    }  # fmt: skip
    assert config.sizing["max_fraction"] == "0.25"
    again = spot.get("/bots/one/config/new/").content.decode()
    for name, value in more.items():
        chosen = f'value="{value}" selected' if name == "exit_order_type" else f'value="{value}"'
        assert re.search(rf'name="{name}"[^>]*?{chosen}|<option {chosen}', again), name
    assert spot.post(ADDRESS, SENT | more | {"slippage_bps": "55", "trailing_stop": ""})
    diff = spot.get("/bots/one/config/").content.decode()
    assert re.search(r"execution slippage bps</td><td>.*?40.*?</td><td>.*?55", diff)
    assert re.search(r"protection trailing stop</td><td>.*?0\.02.*?</td><td></td>", diff)


def test_what_is_left_empty_is_not_stored_and_spot_asks_for_no_leverage(spot) -> None:
    page = spot.get(ADDRESS).content.decode()
    for name in ("leverage", "margin_mode", "sides"):
        assert f'name="{name}"' not in page
    assert 'aria-describedby="id_slippage_bps_helptext"' in page
    assert "1 to 300; empty: 100." in page
    spot.post(ADDRESS, SENT | {"exit_order_type": "market", "leverage": "5"})
    config = Bot.objects.get(slug="one").config
    assert (config.execution, set(config.protection)) == ({}, {"stop_loss"})
    assert "leverage" not in config.sizing


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("slippage_bps", "301", "out of its range"),
        ("unfilled_timeout_seconds", "7.5", "out of its range"),
        ("exit_failures", "many", "not a number"),
        ("take_profit", "11", "out of its range"),
        ("trailing_stop", "0.06", "may not risk more than the stop loss"),
        ("trailing_stop", "0.00005", "out of its range"),
        ("trailing_stop", "0.01234", "finer than the venue"),
        ("stop_loss", "0.6", "out of its range"),
        ("max_fraction", "0.6", "more than half of the equity"),
        ("sizing_value", "-1", "out of its range"),
    ],
)
def test_a_refusal_stands_beside_its_field(spot, field, value, words) -> None:
    before = Bot.objects.get(slug="one").config_id
    answer = spot.post(ADDRESS, SENT | {field: value})
    assert answer.status_code == 422
    shown = errors(answer.content.decode())
    assert list(shown) == [field]
    assert words in shown[field]
    assert Bot.objects.get(slug="one").config_id == before


@pytest.fixture
def linear(as_role):
    sync_catalogue()
    perpetual = make_perpetual(leverage_max=10)
    make_bot(slug="one", account=make_account(venue="binanceusdm"), instruments=[perpetual])
    return as_role("strategist")


def test_leverage_margin_mode_and_sides_of_a_perpetual(linear) -> None:
    sent = SENT | {"symbols": ["BTC/USDT:USDT"], "leverage": "4", "margin_mode": "isolated"}
    assert "does not go short" in linear.get(ADDRESS).content.decode()
    refused = linear.post(ADDRESS, sent | {"sides": "both"})
    assert list(errors(refused.content.decode())) == ["sides"]
    swing = ADDRESS.replace("sma_cross", "sma_swing")
    assert linear.post(swing, sent | {"sides": "both"}).status_code == 302
    sizing = Bot.objects.get(slug="one").config.sizing
    assert (sizing["leverage"], sizing["margin_mode"], sizing["sides"]) == ("4", "isolated", "both")
    assert "sizing leverage" in linear.get("/bots/one/config/").content.decode()
    for value, words in (
        ("11", "venue allows less leverage"), ("21", "allows nobody"), ("2.5", "out of its range"),
    ):  # fmt: skip
        shown = errors(linear.post(ADDRESS, sent | {"leverage": value}).content.decode())
        assert list(shown) == ["leverage"], value
        assert words in shown["leverage"]
    assert list(errors(linear.post(ADDRESS, sent | {"stop_loss": "0.3"}).content.decode())) == [
        "leverage"
    ]
