"""Money, timeframes, ids, errors and the clock."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.actor import Actor
from apps.core.clock import from_ms, now, to_ms
from apps.core.domain.money import ceil_to, exact, floor_to, nearest_to, plain, settle
from apps.core.domain.timeframes import TIMEFRAME_MS, closes_at, open_ms
from apps.core.errors import Conflict, DeskError, InvalidInput, NotFound, RequiresChangeRequest
from apps.core.ids import new_id

AMOUNTS = st.decimals("0", "1e12", places=8, allow_nan=False, allow_infinity=False)
STEPS = st.sampled_from([Decimal(s) for s in ("0.00001", "0.01", "0.5", "1", "5", "1000")])


@pytest.mark.parametrize(
    ("value", "number"),
    [("1.50", "1.50"), (3, "3"), (Decimal("0.1"), "0.1"), ("1e-8", "1e-8"), ("-2", "-2")],
)
def test_exact_reads_text_and_whole_numbers(value, number: str) -> None:
    assert exact(value) == Decimal(number)


@pytest.mark.parametrize(
    "value",
    [
        0.1,
        True,
        "abc",
        "",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e31",
        "1e-40",
        "1." + "0" * 99,
        None,
        [1],
    ],
)
def test_exact_refuses_floats_and_what_is_no_number(value) -> None:
    with pytest.raises(InvalidInput) as refused:
        exact(value, field="price")
    assert (refused.value.code, refused.value.context["field"]) == ("NOT_A_NUMBER", "price")


@given(AMOUNTS, STEPS)
def test_rounding_goes_to_a_multiple_in_its_direction(value: Decimal, step: Decimal) -> None:
    low, high, near = floor_to(value, step), ceil_to(value, step), nearest_to(value, step)
    assert all(found % step == 0 for found in (low, high, near))
    assert low <= value <= high
    assert value - low < step
    assert high - value < step
    assert abs(near - value) <= step / 2


def test_a_half_goes_to_the_even_side() -> None:
    assert nearest_to(Decimal("0.5"), Decimal(1)) == 0
    assert nearest_to(Decimal("1.5"), Decimal(1)) == 2
    assert floor_to(Decimal("-1.7"), Decimal(1)) == -1
    assert ceil_to(Decimal("-1.2"), Decimal(1)) == -2


def test_settled_money_has_eighteen_places() -> None:
    assert settle(Decimal(1) / 3) == Decimal("0.333333333333333333")
    assert settle(Decimal("0.0000000000000000005")) == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.50", "1.5"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("0.00000001", "0.00000001"),
        ("0.000", "0"),
        ("-0.10", "-0.1"),
    ],
)
def test_plain_text_has_no_exponent_and_no_idle_zeros(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@given(st.integers(0, 4_102_444_800_000), st.sampled_from(sorted(TIMEFRAME_MS)))
def test_every_moment_lies_in_one_candle_of_its_timeframe(at_ms: int, timeframe: str) -> None:
    start = open_ms(at_ms, timeframe)
    assert start <= at_ms < start + TIMEFRAME_MS[timeframe]
    assert closes_at(start, timeframe)
    assert closes_at(start + TIMEFRAME_MS[timeframe], timeframe)
    assert not closes_at(start + 1, timeframe)


def test_a_week_opens_on_monday_and_a_day_at_midnight() -> None:
    thursday = to_ms(datetime(2026, 11, 19, 13, 5, tzinfo=UTC))
    assert from_ms(open_ms(thursday, "1w")) == datetime(2026, 11, 16, tzinfo=UTC)
    assert from_ms(open_ms(thursday, "1d")) == datetime(2026, 11, 19, tzinfo=UTC)


def test_times_survive_the_way_through_milliseconds() -> None:
    moment = now()
    assert moment.tzinfo is UTC
    assert abs((from_ms(to_ms(moment)) - moment).total_seconds()) < 0.001


def test_ids_are_unique_version_seven_and_in_order_of_time() -> None:
    found: list = []
    threads = [
        threading.Thread(target=lambda: found.extend(new_id() for _ in range(500)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 2000
    assert {each.version for each in found} == {7}
    one_thread = [new_id() for _ in range(500)]
    assert one_thread == sorted(one_thread)


def test_an_error_has_a_code_values_and_a_sentence() -> None:
    error = InvalidInput("AMOUNT_TOO_SMALL", field="amount", minimum=Decimal("0.001"))
    assert str(error) == "AMOUNT_TOO_SMALL field=amount minimum=0.001"
    assert error.message == "Amount too small"
    assert DeskError("X", message="Read this.").message == "Read this."
    assert str(NotFound()) == "NOT_FOUND"


def test_kinds_of_errors_answer_with_their_status() -> None:
    assert (InvalidInput().status, NotFound().status, Conflict().status) == (400, 404, 409)
    assert RequiresChangeRequest().code == "REQUIRES_CHANGE_REQUEST"


def test_a_task_is_an_actor_of_the_system() -> None:
    actor = Actor.task("trading.tick")
    assert (actor.kind, actor.id, actor.name, actor.role) == (
        "task",
        "trading.tick",
        "trading.tick",
        "system",
    )
