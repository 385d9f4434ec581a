"""What a handler gets: the exchange, who asks, and the parameters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from apps.simulator.domain.accounts import Account
from apps.simulator.exchange import Exchange
from apps.simulator.face.params import Params

PUBLIC, KEYED, SIGNED = "public", "keyed", "signed"
SIGNED_PARAMS: Final = frozenset({"timestamp", "recvWindow", "signature"})


@dataclass(slots=True)
class Call:
    """One request of the REST face."""

    exchange: Exchange
    params: Params
    caller: Account | None = None
    weight_limit: int = 0
    listen_keys: dict[str, int] = field(default_factory=dict)
    cancels_half: bool = False

    @property
    def account(self) -> Account:
        """The signed-in account; only signed and keyed routes have one."""
        if self.caller is None:
            raise RuntimeError("A public route asked for the account.")
        return self.caller


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint: its security, weight and the parameters it reads (None: any)."""

    method: str
    path: str
    handler: Handler
    security: str = PUBLIC
    weight: int = 1
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] | None = ()

    def check(self, params: Params) -> None:
        """Check which parameters were sent.

        :raises Refusal: -1102, -1104.
        """
        params.require(self.required)
        if self.optional is not None:
            extra = SIGNED_PARAMS if self.security == SIGNED else frozenset()
            params.allow_only({*self.required, *self.optional, *extra})
