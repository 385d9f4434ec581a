"""When a process counts as alive, and when the desk counts as ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

# Process → greatest age of its last sign of life, in seconds.
HEARTS: Final[dict[str, float]] = {
    "beat": 10.0,
    "worker-trading": 30.0,
    "worker-default": 30.0,
    "control": 10.0,
    "feed": 10.0,
}


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the desk: whether it works, in words, and how old that knowledge is (seconds)."""

    ok: bool
    detail: str
    age_seconds: float | None = None


def heart_component(*, name: str, age: float | None) -> Component:
    """Return what the age of a process's last sign of life says; None is no sign at all."""
    if age is None:
        return Component(ok=False, detail="no sign of life yet")
    if age > HEARTS[name]:
        return Component(ok=False, detail=f"silent for {age:.0f} s", age_seconds=round(age, 1))
    return Component(ok=True, detail="alive", age_seconds=round(age, 1))


def report(components: Mapping[str, Component]) -> dict[str, Any]:
    """Return the answer of /readyz: status, every component, and what is missing."""
    missing = [name for name, component in components.items() if not component.ok]
    return {
        "status": "failing" if missing else "ok",
        "components": {name: asdict(component) for name, component in components.items()},
        "missing": missing,
    }
