"""Who does something: a person, a token or a task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["person", "token", "task"]


@dataclass(frozen=True, slots=True)
class Actor:
    """The frozen identity that an audit row keeps: text, never a foreign key."""

    kind: ActorKind
    id: str
    name: str
    role: str = ""
    address: str = ""
    request_id: str = ""

    @classmethod
    def task(cls, name: str) -> Actor:
        """Return the actor of a background task or process called `name`."""
        return cls(kind="task", id=name, name=name, role="system")
