"""Numbers and times read the same everywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from apps.dashboard.domain import formats
from apps.dashboard.domain.live import difference
from apps.dashboard.domain.words import explain, sentence


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1234.5", "▲\u00a0+1,234.50"),
        ("-0.4", "▼\u00a0−0.40"),
        ("0", "0.00"),
        ("0.001", "0.00"),
        ("-0.001", "0.00"),
    ],
)
def test_profit_has_a_sign_and_a_glyph_and_zero_has_neither(value, text) -> None:
    assert formats.signed(Decimal(value)) == text


def test_missing_is_a_dash() -> None:
    assert (
        formats.signed(None)
        == formats.number(None)
        == formats.utc(None)
        == formats.age(None)
        == "–"
    )


def test_price_follows_the_tick_and_amount_the_step() -> None:
    assert formats.price(Decimal("63268.8"), Decimal("0.10")) == "63,268.8"
    assert formats.price(Decimal("63268.8"), Decimal(5)) == "63,269"
    assert formats.amount(Decimal("0.0421"), Decimal("0.00001000")) == "0.04210"


def test_times_are_utc() -> None:
    assert formats.utc(datetime(2026, 11, 20, 9, 18, 42, tzinfo=UTC)) == "2026-11-20 09:18:42"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0 s"), (48, "48 s"), (600, "10 min"), (9000, "2 h"), (9e5, "10 d")]
)
def test_ages_grow_in_their_unit(seconds, text) -> None:
    assert formats.age(seconds) == text


@pytest.mark.parametrize(("used", "tone"), [(10, None), (75, "warn"), (90, "bad"), (140, "bad")])
def test_a_bar_warns_before_its_limit_and_never_overflows(used, tone) -> None:
    cell = formats.bar_cell(Decimal(used), Decimal(100))
    assert cell.get("tone") == tone
    assert 0 <= cell["v"] <= 1


def test_a_difference_names_what_changed_and_what_went() -> None:
    assert difference(before={"a": 1, "b": 2}, after={"a": 1, "b": 3, "c": 4}) == {"b": 3, "c": 4}
    assert difference(before={"a": 1}, after={}) == {"a": None}
    assert difference(before={"a": 1}, after={"a": 1}) == {}


def test_a_refusal_is_a_sentence_with_its_values() -> None:
    words = explain({"code": "PRICE_COLLAR", "limit": "0.03", "value": "0.041"})
    assert words == "The price is too far from the market. (limit 0.03, value 0.041)"
    assert sentence("SOMETHING_NEW") == "Something new."
