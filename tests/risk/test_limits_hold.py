"""I11 over random batches: reserved + open + filled never passes a limit, at any level."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.risk.domain.forms import (
    EffectiveLimits,
    Exposure,
    Holding,
    ProposedOrder,
    Reference,
    Rules,
    StopSlots,
    Surroundings,
)
from apps.risk.domain.judge import judge, reserve

D = Decimal

RULES = Rules(D("0.01"), D("0.001"), D("0.001"), D(1), 5, is_tradable=True)
SCOPES = ("desk", "account", "bot", "instrument")
limit = st.decimals(min_value=0, max_value=20_000, places=2)
orders = st.builds(
    dict,
    bot=st.integers(0, 2),
    account=st.integers(0, 1),
    purpose=st.sampled_from(["entry", "entry", "entry", "reduce", "protect", "flatten"]),
    amount=st.decimals(min_value="0.001", max_value=100, places=3),
    price=st.one_of(st.none(), st.decimals(min_value=97, max_value=103, places=2)),
)


def surroundings_of(order, *, desk, books, limits) -> Surroundings:
    account, bot = f"account{order['account']}", f"bot{order['account']}{order['bot']}"
    exposure = {
        "desk": desk,
        "account": books.setdefault(account, Exposure()),
        "bot": books.setdefault(bot, Exposure()),
        "instrument": books.setdefault("instrument", Exposure()),
    }
    holding = books.setdefault(f"holding{bot}", Holding(amount=D(3), mark=D(100)))
    slots = books.setdefault(f"slots{account}", StopSlots())
    return Surroundings(RULES, holding, exposure, limits, "active", slots=slots)


@settings(max_examples=150, deadline=None)
@given(
    batch=st.lists(orders, min_size=1, max_size=25),
    gross=st.fixed_dictionaries({}, optional=dict.fromkeys(SCOPES, limit)),
    counts=st.fixed_dictionaries({}, optional=dict.fromkeys(SCOPES, st.integers(0, 10).map(D))),
    order_cost=limit,
    position_cost=limit,
)
def test_no_batch_passes_any_limit(batch, gross, counts, order_cost, position_cost):
    by_scope = {
        scope: ({"gross_exposure": gross[scope]} if scope in gross else {})
        | ({"open_orders": counts[scope]} if scope in counts else {})
        for scope in SCOPES
    }
    by_scope["desk"] |= {"order_cost": order_cost, "position_cost": position_cost}
    limits, desk, books = EffectiveLimits(by_scope), Exposure(), {}
    for order in batch:
        around = surroundings_of(order, desk=desk, books=books, limits=limits)
        proposed = ProposedOrder(
            account_id=UUID(int=order["account"]), bot_id=UUID(int=order["bot"]), instrument_id=1,
            purpose=order["purpose"], side="buy" if order["purpose"] == "entry" else "sell",
            type="market" if order["price"] is None else "limit",
            amount=order["amount"], price=order["price"], reference=Reference(D(100), 0.0),
        )  # fmt: skip
        judgement = judge(proposed=proposed, around=around)
        before = {scope: exposure.open_orders for scope, exposure in around.exposure.items()}
        reserve(proposed=proposed, judgement=judgement, around=around)
        if not judgement.is_allowed:
            continue
        assert around.holding.leaving <= around.holding.amount
        if order["purpose"] != "entry":
            assert judgement.reserved_cost == 0
            continue
        assert judgement.reserved_cost <= order_cost
        assert around.holding.amount * 100 + around.holding.entering_cost <= position_cost
        for scope, value in gross.items():
            assert around.exposure[scope].gross_cost <= value
        for scope, value in counts.items():
            assert before[scope] + 1 <= value
        assert around.slots.taken <= RULES.stop_orders_max


any_number = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True),
    st.sampled_from([D("1e999"), D("-1e999"), D("sNaN"), D("1e-999")]),
)


@settings(max_examples=300, deadline=None)
@given(
    purpose=st.sampled_from(["entry", "reduce", "protect", "flatten"]),
    side=st.sampled_from(["buy", "sell"]),
    amount=any_number,
    price=st.none() | any_number,
    stop_price=st.none() | any_number,
    reference=st.none() | st.builds(Reference, any_number, st.floats()),
    holding=st.builds(
        Holding, any_number, any_number, any_number, st.just(0), st.none() | any_number
    ),
    value=any_number,
)
def test_the_judge_answers_whatever_it_is_given(
    purpose, side, amount, price, stop_price, reference, holding, value
):
    proposed = ProposedOrder(
        account_id=UUID(int=1), bot_id=UUID(int=1), instrument_id=1, purpose=purpose, side=side,
        type="limit", amount=amount, price=price, stop_price=stop_price, reference=reference,
    )  # fmt: skip
    around = Surroundings(
        RULES, holding, {"desk": Exposure(gross_cost=value, daily_result=value)},
        EffectiveLimits({"desk": {"gross_exposure": value, "daily_loss": value}}), "active",
    )  # fmt: skip
    judgement = judge(proposed=proposed, around=around)
    if judgement.is_allowed:
        assert amount.is_finite()
        assert amount > 0
