"""Whatever dies, and wherever: what was decided, sent and filled is there afterwards, once."""

from __future__ import annotations

import os
import sys
import time

import pytest
from django.db import connection

from apps.bots.actions.pause import pause
from apps.bots.actions.resume import resume
from apps.bots.models import Bot, BotTarget, Cycle
from apps.orders.models import Fill, Order
from apps.portfolio.models import Position
from apps.trading.actions.run_account import run_account
from tests.fixtures import nursery
from tests.scenarios.market import ANNA, SYMBOL, Stage

pytestmark = pytest.mark.django_db(transaction=True)
# A worker that kills itself before or after the named function ran for the first time.
DOOMED = """
import os, signal, sys
from uuid import UUID
import django
django.setup()
module, name, when, account = sys.argv[1:]
import importlib
place = importlib.import_module(module)
genuine = getattr(place, name)
def doomed(*arguments, **named):
    if when == "after":
        genuine(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(place, name, doomed)
from apps.trading.actions.run_account import run_account
run_account(account_id=UUID(account))
"""
CRASHES = [
    ("apps.trading.actions.run_cycle", "open_cycles", "after"),
    ("apps.trading.actions.run_cycle", "record_decisions", "before"),
    ("apps.trading.actions.record_decisions", "_close_cycles", "after"),
    ("apps.trading.actions.run_cycle", "record_decisions", "after"),
    ("apps.orders.actions.send_orders", "claim_orders", "after"),
    ("apps.orders.actions.send_orders", "send_wave", "after"),
    ("apps.orders.actions.send_orders", "store_answers", "after"),
    ("apps.trading.actions.run_account", "protect_positions", "after"),
]


def crash(stage: Stage, settings, module: str, name: str, when: str) -> None:
    """Run a worker of its own that is killed at the given point."""
    environment = os.environ | {"SIMULATOR_URL": settings.SIMULATOR_URL, "LOG_LEVEL": "CRITICAL"}
    words = [sys.executable, "-c", DOOMED, module, name, when, str(stage.account.id)]
    assert nursery.start(words, env=environment).wait(60) == -9


def settle(stage: Stage, *, seconds: float = 40) -> None:
    """Nudge until the account is quiet, as beat would."""
    deadline = time.monotonic() + seconds
    while True:
        run_account(account_id=stage.account.id)
        reasons = stage.reasons()
        if not reasons:
            return
        assert time.monotonic() < deadline, reasons
        time.sleep(0.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name", "when"), CRASHES, ids=[f"{w}-{n}" for _, n, w in CRASHES]
)
def test_a_worker_killed_anywhere_leaves_one_effect(
    make_stage, settings, module, name, when
) -> None:
    stage = make_stage()
    stage.bot()
    for _ in range(4):
        stage.step()
    stage.advance()
    crash(stage, settings, module, name, when)
    settle(stage)
    assert Order.objects.filter(purpose="entry", status="filled").count() == 1
    assert [side for side, *_ in stage.trades()] == ["buy"] * Fill.objects.count()
    assert (
        sum(amount for _, amount, _ in stage.trades())
        == Order.objects.get(purpose="entry", status="filled").amount
    )
    [resting] = stage.ask("open_orders", SYMBOL)
    assert Order.objects.get(client_order_id=resting.client_order_id).purpose == "protect"
    assert list(Cycle.objects.filter(scheduled_for=stage.at).values_list("status", flat=True)) == [
        "done"
    ]
    stage.assert_books_equal_the_exchange()


def test_a_paused_bot_is_still_paused_after_a_restart(stage: Stage) -> None:
    bot = stage.bot(sizing={"mode": "fixed_cost", "cost": "5000"})
    for _ in range(3):
        stage.step()
    pause(actor=ANNA, bot_id=bot.id, reason="weekend")
    stage.forget()
    for _ in range(3):
        stage.step()
    assert Bot.objects.get().state == "paused"
    assert BotTarget.objects.get().target_amount > 0
    assert not Order.objects.exists()
    resume(actor=ANNA, bot_id=bot.id)
    stage.step()
    assert Order.objects.filter(purpose="entry", status="filled").count() == 1


def test_a_paused_bot_leaves_what_it_holds(stage: Stage) -> None:
    bot = stage.bot()
    for _ in range(5):
        stage.step()
    pause(actor=ANNA, bot_id=bot.id)
    stage.forget()
    for _ in range(9):
        stage.step()
    assert Order.objects.get(purpose="reduce").status == "filled"
    assert Bot.objects.get().state == "paused"


def test_the_exchange_is_killed_while_a_position_stands(stage: Stage) -> None:
    stage.bot()
    for _ in range(5):
        stage.step()
    held = Position.objects.get().amount
    stage.simulator.kill()
    run_account(account_id=stage.account.id)
    stage.simulator.start()
    stage.forget()
    settle(stage)
    assert Position.objects.get().amount == held
    [resting] = stage.ask("open_orders", SYMBOL)
    assert resting.client_order_id == Order.objects.get(purpose="protect").client_order_id
    stage.assert_books_equal_the_exchange()


def test_every_connection_is_cut_between_two_steps(stage: Stage, superuser_connection) -> None:
    stage.bot()
    for _ in range(5):
        stage.step()
    superuser_connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = 'desk_app'"
    )
    connection.close()
    for _ in range(9):
        stage.step()
    assert Order.objects.get(purpose="reduce").status == "filled"
    stage.assert_books_equal_the_exchange()
