"""Halts pressed at any moment: after the barrier nothing leaves but protection and its flatten."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from apps.core.actor import Actor
from apps.core.errors import DeskError
from apps.orders.models import Order
from apps.risk.actions.halt import halt
from apps.risk.models import Restriction
from apps.supervision.actions.release_halt import release_halt
from apps.supervision.actions.run_halts import run_halts
from apps.supervision.models import HaltRun
from tests.simulation.world import World

ANNA = Actor("person", "1", "Anna", "operator")


@dataclass
class Pressed:
    """A halt; `first` = how many orders had left when its barrier was had, -1 before."""

    restriction: Restriction
    bot_id: Any
    first: int = -1


@dataclass
class Halts:
    """Presses, follows and releases; `wrong` is what left although it must not."""

    world: World
    random: random.Random
    pressed: Pressed | None = None
    wrong: list[str] = field(default_factory=list)

    def press(self) -> None:
        """Halt the account or a bot, with or without a flatten."""
        if self.pressed is not None:
            return
        bot = self.random.choice([None, *self.world.rows.bots])
        flatten = self.random.random() < 0.4
        scope = ("bot", bot.id) if bot else ("account", self.world.account_id)
        made: list[Restriction] = []
        self.world.alone(
            lambda: made.append(
                halt(
                    actor=ANNA, scope_kind=scope[0], scope_id=str(scope[1]), reason="pressed",
                    flatten=flatten,
                )
            )
        )  # fmt: skip
        if not made:
            # the connection broke at its commit: whether it is in force, the row says
            found = Restriction.objects.filter(code="HALT", scope_id=str(scope[1]), lifted_at=None)
            made += found[:1]
        if not made:
            return
        self.pressed = Pressed(made[0], bot.id if bot else None)
        self.world.trace(f"halt {scope[0]} {'flatten' if flatten else ''}".rstrip())

    def follow(self) -> None:
        """Let the control process take it one step further, and release it when it is over."""
        if self.pressed is None:
            return
        self.world.alone(run_halts)
        run = HaltRun.objects.filter(restriction=self.pressed.restriction).first()
        if run is not None and run.barrier_at is not None and self.pressed.first < 0:
            self.pressed.first = len(self.world.border.sent)
            self.world.trace("barrier")
        if self.random.random() < 0.4:
            self.release()

    def release(self) -> bool:
        """Release it if all is verified; return whether none stands any more."""
        if self.pressed is None:
            return True
        try:
            release_halt(actor=ANNA, restriction_id=self.pressed.restriction.id, reason="over")
        except DeskError:
            return False
        self.wrong += self._sent_after(self.pressed)
        self.world.trace("released")
        self.pressed = None
        return True

    def _sent_after(self, pressed: Pressed) -> list[str]:
        names = self.world.border.sent[pressed.first :]
        left = Order.objects.filter(client_order_id__in=names).exclude(purpose="protect")
        if pressed.bot_id is not None:
            left = left.filter(bot_id=pressed.bot_id)
        return [
            f"{order.purpose} {order.client_order_id} left after the barrier"
            for order in left.exclude(purpose="flatten", halt_id=pressed.restriction.id)
        ]
