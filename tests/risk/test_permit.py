"""The send permit and the barrier on real advisory locks."""

from __future__ import annotations

import threading
import time
from uuid import uuid4

import pytest

from apps.core.actor import Actor
from apps.risk.actions.halt import halt
from apps.risk.actions.lift import lift
from apps.risk.actions.permit import (
    BarrierTimeout,
    asked_permit,
    barrier,
    close_permits,
    lock_key,
    send_permit,
)
from apps.risk.actions.restrict import restrict
from apps.risk.models import Restriction
from tests.factories import make_bot

ACTOR = Actor(kind="person", id="1", name="Rita")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _lock_connections():
    yield
    close_permits()


def permitted(bot, purpose, *, instrument_id=1, halt_id=None):
    with send_permit(account_id=bot.account_id) as permit:
        return permit.allows(purpose, bot.id, instrument_id, halt_id)


def test_an_unrestricted_account_may_send_everything():
    bot = make_bot()
    assert all(permitted(bot, purpose) for purpose in ("entry", "reduce", "protect", "flatten"))


@pytest.mark.parametrize(
    "kind", ["desk", "stage", "venue", "account", "strategy", "bot", "instrument"]
)
def test_a_halt_at_any_scope_stops_entries_and_reductions_but_not_protection(kind):
    bot = make_bot()
    other = make_bot()
    scope_id = {
        "desk": "", "stage": "paper", "venue": bot.account.venue, "account": str(bot.account_id),
        "strategy": "sma_cross", "bot": str(bot.id), "instrument": "1",
    }[kind]  # fmt: skip
    restriction = restrict(
        actor=ACTOR, scope_kind=kind, scope_id=scope_id, state="halted", code="HALT", reason="test"
    )
    assert not permitted(bot, "entry")
    assert not permitted(bot, "reduce")
    assert permitted(bot, "protect")
    assert not permitted(bot, "flatten", halt_id=restriction.id)
    if kind in {"account", "bot"}:
        assert permitted(other, "entry")
    if kind == "instrument":
        assert permitted(bot, "entry", instrument_id=2)


def test_a_flatten_is_sent_only_when_it_names_a_halt_in_force_that_flattens():
    bot = make_bot()
    halting = halt(actor=ACTOR, scope_kind="bot", scope_id=str(bot.id), reason="test", flatten=True)
    assert permitted(bot, "flatten", halt_id=halting.id)
    assert not permitted(bot, "flatten")
    assert not permitted(bot, "flatten", halt_id=uuid4())


def test_reducing_lets_exits_out_and_entries_not():
    bot = make_bot()
    found = restrict(
        actor=ACTOR, scope_kind="account", scope_id=str(bot.account_id), state="reducing",
        code="NOT_RECONCILED", reason="start",
    )  # fmt: skip
    assert not permitted(bot, "entry")
    assert permitted(bot, "reduce")
    lift(actor=Actor.task("reconciliation"), restriction_id=found.id, reason="clean")
    assert permitted(bot, "entry")


def test_the_barrier_waits_for_a_wave_in_flight_and_the_next_wave_sees_the_halt():
    bot = make_bot()
    in_wave, end_wave, ended_at = threading.Event(), threading.Event(), []

    def wave():
        with send_permit(account_id=bot.account_id) as permit:
            assert permit.allows("entry", bot.id, 1)
            in_wave.set()
            end_wave.wait(5)
            ended_at.append(time.monotonic())
        close_permits()

    sender = threading.Thread(target=wave)
    sender.start()
    assert in_wave.wait(5)
    halt(actor=ACTOR, scope_kind="desk", scope_id="", reason="test")
    with pytest.raises(BarrierTimeout):
        barrier(account_id=bot.account_id, timeout_seconds=0.1)
    threading.Timer(0.2, end_wave.set).start()
    barrier(account_id=bot.account_id)
    assert time.monotonic() >= ended_at[0]
    sender.join()
    assert not permitted(bot, "entry")


def test_a_barrier_of_one_account_does_not_wait_for_another():
    bot, other = make_bot(), make_bot()
    with send_permit(account_id=other.account_id):
        done = []
        thread = threading.Thread(
            target=lambda: (done.append(barrier(account_id=bot.account_id)), close_permits())
        )
        thread.start()
        thread.join(3)
        assert done


def test_a_lost_lock_connection_is_replaced_and_the_wave_still_ends(superuser_connection):
    bot = make_bot()
    with send_permit(account_id=bot.account_id):
        superuser_connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        time.sleep(0.2)
    assert permitted(bot, "entry")
    assert Restriction.objects.count() == 0


def test_a_permit_asked_for_before_a_halt_sees_it_when_the_lock_came_after(superuser_connection):
    bot = make_bot()
    key = [lock_key(bot.account_id)]
    superuser_connection.execute("SELECT pg_advisory_lock(%s)", key)
    with asked_permit(account_id=bot.account_id) as granted:
        halt(actor=ACTOR, scope_kind="bot", scope_id=str(bot.id), reason="test")
        superuser_connection.execute("SELECT pg_advisory_unlock(%s)", key)
        assert not granted().allows("entry", bot.id, 1)


def test_a_permit_that_nobody_waited_for_is_given_back():
    bot = make_bot()
    with asked_permit(account_id=bot.account_id):
        pass
    barrier(account_id=bot.account_id, timeout_seconds=1)
    assert permitted(bot, "entry")


def test_a_lock_connection_lost_before_the_answer_is_made_anew(superuser_connection):
    bot = make_bot()
    with asked_permit(account_id=bot.account_id) as granted:
        time.sleep(0.1)
        superuser_connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        time.sleep(0.1)
        assert granted().allows("entry", bot.id, 1)
    assert permitted(bot, "entry")
