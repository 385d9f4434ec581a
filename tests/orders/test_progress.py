"""An order's state is a function of what is known, not of the order in which it came."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orders.domain.lifecycle import FINAL, STATUSES, STEPS, IllegalOrderStep, check_step
from apps.orders.domain.progress import Progress, Said, advance

D = Decimal


FOUR = D(4)


def told(status="submitted", *facts, amount=FOUR, **values):
    step = advance(Progress(status, amount, **values), facts)
    return step.after.status, step.path, step.flag


def fill(amount):
    return Said("v", fill_amount=D(amount), fill_cost=D(amount) * 100)


def word(status, filled=0):
    return Said("v", status, D(filled))


@pytest.mark.parametrize(
    ("status", "facts", "expected"),
    [
        ("submitted", [word("open")], "open"),
        ("unknown", [word("open")], "open"),
        ("submitted", [Said("v")], "open"),
        ("submitted", [fill(1)], "partially_filled"),
        ("submitted", [fill(4)], "filled"),
        ("submitted", [word("closed", 4)], "open"),
        ("submitted", [word("closed", 4), fill(4)], "filled"),
        ("submitted", [word("rejected")], "rejected"),
        ("open", [word("canceled")], "canceled"),
        ("open", [word("canceled", 1)], "open"),
        ("open", [word("canceled", 1), fill(1)], "canceled"),
        ("open", [word("expired")], "expired"),
        ("open", [fill(1), word("rejected", 1)], "canceled"),
        ("pending_cancel", [word("open")], "pending_cancel"),
        ("pending_cancel", [word("rejected")], "canceled"),
        ("pending_cancel", [fill(1)], "pending_cancel"),
        ("pending_cancel", [fill(4)], "filled"),
        ("canceled", [fill(4)], "filled"),
        ("canceled", [fill(1)], "canceled"),
        ("canceled", [word("open")], "canceled"),
        ("filled", [word("canceled")], "filled"),
        ("created", [], "created"),
    ],
)
def test_facts_move_an_order(status, facts, expected):
    assert told(status, *facts)[0] == expected


def test_an_order_seen_before_it_was_sent_passes_through_submitted():
    assert told("created", word("open")) == ("open", ("submitted", "open"), "")


def test_a_fill_beyond_the_amount_is_flagged_and_counted():
    assert told("submitted", fill(5)) == ("filled", ("filled",), "overfill")


def test_a_fill_after_an_end_without_effect_is_flagged_and_the_end_stays():
    assert told("rejected", fill(1)) == ("rejected", (), "after_end")


def test_the_sums_are_kept():
    after = advance(Progress("open", D(4), D(1), D(100)), [fill(2), word("open", 3)]).after
    assert (after.filled, after.cost, after.venue_filled) == (3, 300, 3)
    assert (after.venue_order_id, after.venue_status) == ("v", "open")


@st.composite
def histories(draw):
    """What a venue can tell of one order: growing states, its fills, one end, repeats of states."""
    parts = draw(st.lists(st.integers(1, 3), max_size=3))
    total = sum(parts)
    amount = total + draw(st.integers(0, 2)) or 1
    facts, seen = [word("open")], 0
    for part in parts:
        seen += part
        facts += [fill(part), word("open", seen)]
    ends = ["closed"] if total == amount else ["canceled", "expired", None]
    end = draw(st.sampled_from(ends))
    if end:
        facts.append(word(end, total))
    again = [fact for fact in facts if not fact.fill_amount]
    return amount, facts + draw(st.lists(st.sampled_from(again), max_size=3))


@given(histories(), st.randoms(use_true_random=False), st.integers(0, 5))
def test_any_order_of_arrival_gives_the_same_state(history, shuffle, cut):
    amount, facts = history
    expected = advance(Progress("submitted", D(amount)), facts).after
    shuffled = list(facts)
    shuffle.shuffle(shuffled)
    first = advance(Progress("submitted", D(amount)), shuffled[:cut]).after
    assert advance(first, shuffled[cut:]).after == expected


@given(st.sampled_from(STATUSES), st.lists(st.sampled_from([fill(1), fill(4), word("open"),
       word("closed", 4), word("canceled", 1), word("expired"), word("rejected")]), max_size=4))  # fmt: skip
def test_every_step_taken_is_one_of_the_lifecycle(status, facts):
    before = status
    for after in told(status, *facts)[1]:
        check_step(before=before, after=after)
        before = after


def test_all_orders_of_a_fill_and_its_end_agree():
    facts = [word("open"), fill(1), fill(3), word("closed", 4)]
    assert {told("submitted", *order)[0] for order in permutations(facts)} == {"filled"}


def test_the_lifecycle_refuses_other_steps():
    with pytest.raises(IllegalOrderStep):
        check_step(before="rejected", after="open")
    assert {s for s in FINAL if STEPS[s]} == {"canceled", "expired"}
