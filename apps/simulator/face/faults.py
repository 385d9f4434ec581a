"""The faults that are armed now, in memory only; what each imitates stands in `domain/knobs.py`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import ZERO, exact
from apps.core.errors import InvalidInput, NotFound
from apps.simulator.domain.knobs import AT_ONCE, KNOBS, STANDING, STREAM
from apps.simulator.domain.orders import STOP_TYPES
from apps.simulator.domain.perpetual.algos import ALGO_TYPES
from apps.simulator.face.past import Past

NUMBERS: Final = frozenset({"amount", "price", "tick", "step"})
MS_MAX: Final = 86_400_000
# words for the paths of several dialects: how such a path ends
PATHS: Final[dict[str, tuple[str, ...]]] = {
    "orders": ("/order",),
    "stops": ("/order", "/algoOrder"),
}


@dataclass(slots=True)
class Fault:
    """An armed knob: what is left of it and what it was armed with. `count` None: until cleared."""

    kind: str
    number: int = 0
    count: int | None = 1
    method: str = "POST"
    path: str = "orders"
    account: str = ""
    ms: int = 0
    symbol: str = ""
    asset: str = ""
    side: str = ""
    order: str = ""
    value: str = ""
    amount: Decimal = ZERO
    price: Decimal = ZERO
    tick: Decimal = ZERO
    step: Decimal = ZERO
    ends_at: float = 0.0
    past: Past | None = None
    undo: Callable[[], None] | None = None

    @property
    def is_left(self) -> bool:
        """Whether it may still strike."""
        if self.ends_at:
            return time.monotonic() < self.ends_at
        return self.count is None or self.count > 0

    def fits(self, *, method: str, path: str, account: str) -> bool:
        """Return whether this fault strikes that call."""
        ends = PATHS.get(self.path)
        asked = path.endswith(ends) if ends else self.path in {path, "*"}
        return (
            self.is_left
            and asked
            and self.method in {method, "*"}
            and self.account in {account, ""}
        )

    def spend(self) -> None:
        """Count one strike."""
        if self.count is not None and not self.ends_at:
            self.count -= 1

    def shown(self) -> dict[str, Any]:
        """Return what is left, in plain values."""
        knob = KNOBS[self.kind]
        left: dict[str, Any] = {"id": self.number, "kind": self.kind, "count": self.count}
        if self.ends_at:
            left["ms_left"] = max(0, round((self.ends_at - time.monotonic()) * 1000))
        terms = {name: getattr(self, name) for name in knob.accepts if name != "count"}
        left |= {n: str(v) if isinstance(v, Decimal) else v for n, v in terms.items()}
        return left | {"imitates": knob.imitates, "strikes": knob.strikes}


class Faults:
    """The faults that are armed, in the order in which they were."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._last = 0

    def read(self, wanted: dict[str, Any]) -> Fault:
        """Return the fault that is asked for, not armed yet.

        :raises InvalidInput: `UNKNOWN_FAULT`, `BAD_FAULT` with the field.
        """
        knob = KNOBS.get(str(wanted.get("kind")))
        if knob is None:
            raise InvalidInput("UNKNOWN_FAULT", field="kind", known=",".join(sorted(KNOBS)))
        asked = dict(knob.defaults) | {name: v for name, v in wanted.items() if name != "kind"}
        strange = sorted(set(asked) - set(knob.accepts) - {name for name, _ in knob.defaults})
        if strange:
            raise InvalidInput(
                "BAD_FAULT", field=strange[0], message=f"takes {', '.join(knob.accepts)}"
            )
        values = {name: _read(name, value) for name, value in asked.items()}
        fault = Fault(kind=knob.kind, **values)
        if fault.count == 0:
            fault.count = None
        if knob.strikes in {STANDING, AT_ONCE}:
            fault.count = None
        if fault.kind in {"dns_failure", "refuse_cancels"} and fault.ms:
            fault.ends_at = time.monotonic() + fault.ms / 1000
        return fault

    def arm(self, fault: Fault) -> Fault:
        """Arm a fault and give it a number."""
        self._armed = [held for held in self._armed if held.is_left]
        self._last += 1
        fault.number = self._last
        self._armed.append(fault)
        return fault

    def clear(self, number: int | None = None, *, account: str = "") -> None:
        """Disarm one fault, those of an account, or all; what stood is undone, the last one first.

        :raises NotFound: `NO_SUCH_FAULT` when `number` is not armed.
        """
        chosen = [
            fault
            for fault in self._armed
            if number in {None, fault.number} and account in {"", fault.account}
        ]
        if number is not None and not chosen:
            raise NotFound("NO_SUCH_FAULT", id=number)
        for fault in reversed(chosen):
            self._armed.remove(fault)
            if fault.undo is not None:
                fault.undo()

    def strike(self, *, method: str, path: str, account: str, order_type: str = "") -> Fault | None:
        """Return the fault that hits this call and count it down."""
        for fault in self._armed:
            if not self._concerns(fault, path=path, account=account, order_type=order_type):
                continue
            if fault.fits(method=method, path=path, account=account):
                fault.spend()
                return fault
        return None

    @staticmethod
    def _concerns(fault: Fault, *, path: str, account: str, order_type: str) -> bool:
        """Return whether a fault of this kind can strike such a call at all."""
        if fault.kind == "stop_missing":
            return order_type in STOP_TYPES | ALGO_TYPES
        if fault.kind == "cancel_all_half":
            return path.lower().endswith("openorders")
        if fault.kind == "lagging_reads":
            return bool(account)
        return KNOBS[fault.kind].strikes not in {STREAM, STANDING, AT_ONCE}

    def strike_stream(self, kind: str, account: str = "") -> Fault | None:
        """Return the fault of `kind` that hits the next stream message, counting it down."""
        for fault in self._armed:
            if fault.kind == kind and fault.is_left and fault.account in {"", account}:
                fault.spend()
                return fault
        return None

    def standing(self, kind: str, account: str = "") -> Fault | None:
        """Return the standing fault of `kind` that holds for an account."""
        for fault in self._armed:
            if fault.kind == kind and fault.is_left and fault.account in {"", account}:
                return fault
        return None

    def pasts(self) -> list[Past]:
        """Return what lagging reads remember."""
        return [fault.past for fault in self._armed if fault.past is not None and fault.is_left]

    def listing(self) -> list[dict[str, Any]]:
        """Return what is armed, what is left of it and what it imitates."""
        return [fault.shown() for fault in self._armed if fault.is_left]


def _read(name: str, value: Any) -> Any:
    if name in NUMBERS:
        return exact(str(value), field=name)
    if name in {"count", "ms"}:
        whole = str(value).removeprefix("-") if name == "ms" else str(value)
        if not whole.isascii() or not whole.isdigit() or int(whole) > MS_MAX:
            raise InvalidInput("BAD_FAULT", field=name, message="a whole number")
        return int(value)
    if (
        name not in {f.name for f in fields(Fault)}
        or not isinstance(value, str)
        or len(value) > 100
    ):
        raise InvalidInput("BAD_FAULT", field=name, message="a text")
    return value
