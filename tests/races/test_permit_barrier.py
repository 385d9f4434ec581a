"""I5 on real locks: after the barrier nothing starts, however often the button is pressed."""

from __future__ import annotations

import random
import statistics
import threading
import time

import pytest

from apps.core.actor import Actor
from apps.risk.actions.halt import halt
from apps.risk.actions.lift import lift
from apps.risk.actions.permit import barrier, close_permits, send_permit
from tests.factories import make_bot

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = Actor(kind="person", id="1", name="Rita")
PRESSES = 200
SENDERS = 6


class Senders:
    """Threads that send wave after wave, each order under the permit of its wave."""

    def __init__(self, bot):
        self.bot = bot
        self.stop = threading.Event()
        self.sent: list[float] = []
        self.waves = 0
        self.threads = [threading.Thread(target=self.work, args=(n,)) for n in range(SENDERS)]

    def work(self, seed):
        dice = random.Random(seed)
        while not self.stop.is_set():
            with send_permit(account_id=self.bot.account_id) as permit:
                self.waves += 1
                time.sleep(dice.uniform(0, 0.002))
                if permit.allows("entry", self.bot.id, 1):
                    self.sent.append(time.monotonic())
                    time.sleep(dice.uniform(0, 0.006))
            time.sleep(dice.uniform(0, 0.004))
        close_permits()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        close_permits()


def test_no_send_starts_between_the_barrier_and_the_release_of_two_hundred_halts():
    bot = make_bot()
    dice = random.Random(1)
    closed: list[tuple[float, float]] = []
    waits = []
    with Senders(bot) as senders:
        for _ in range(PRESSES):
            time.sleep(dice.uniform(0, 0.01))
            found = halt(actor=ACTOR, scope_kind="bot", scope_id=str(bot.id), reason="race")
            pressed = time.monotonic()
            barrier(account_id=bot.account_id)
            had = time.monotonic()
            waits.append(had - pressed)
            time.sleep(dice.uniform(0, 0.01))
            closed.append((had, time.monotonic()))
            lift(actor=ACTOR, restriction_id=found.id, reason="next", halt_is_over=True)
    leaked = [at for at in senders.sent for had, until in closed if had <= at <= until]
    assert leaked == []
    assert len(senders.sent) > PRESSES
    assert max(waits) < 5
    assert statistics.median(waits) < 0.5


def test_a_sender_that_stopped_inside_its_wave_delays_the_barrier_by_six_seconds_at_most():
    bot = make_bot()
    holding, done = threading.Event(), threading.Event()

    def stopped():
        with send_permit(account_id=bot.account_id):
            holding.set()
            done.wait(30)
        close_permits()

    sender = threading.Thread(target=stopped)
    sender.start()
    assert holding.wait(5)
    started = time.monotonic()
    barrier(account_id=bot.account_id)
    waited = time.monotonic() - started
    done.set()
    sender.join()
    close_permits()
    assert 3 < waited < 7
