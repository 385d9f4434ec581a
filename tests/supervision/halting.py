"""Press the button and let the control process's work be done."""

from __future__ import annotations

from decimal import Decimal

from apps.core.actor import Actor
from apps.orders.models import Order
from apps.risk.actions.halt import halt
from apps.risk.models import Restriction
from apps.supervision.actions.run_halts import run_halts
from apps.supervision.models import HaltRun

ACTOR = Actor(kind="person", id="1", name="Rita")
REST = {"type": "limit", "price": Decimal(90)}


STOP = {
    "purpose": "protect",
    "side": "sell",
    "type": "stop_market",
    "stop_price": Decimal(80),
    "leg": "s",
}


def press(scope_kind="desk", scope_id="", **values) -> Restriction:
    return halt(actor=ACTOR, scope_kind=scope_kind, scope_id=str(scope_id), reason="test", **values)


def again() -> None:
    """Try once more without waiting for the back-off."""
    HaltRun.objects.update(next_try_at=None)
    run_halts()


def status(order) -> str:
    return Order.objects.get(id=order.id).status
