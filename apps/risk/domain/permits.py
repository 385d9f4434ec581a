"""What the restrictions read under the send lock allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from apps.risk.domain.restrictions import permits, strictest
from apps.risk.domain.scopes import InForce, Scope, by_scope


@dataclass(frozen=True, slots=True)
class Grounds:
    """Restrictions of one account's wave; `places` maps a bot to its (stage, strategy)."""

    common: tuple[InForce, ...]
    scoped: Mapping[Scope, Sequence[InForce]]
    places: Mapping[UUID, tuple[str, str]]

    @classmethod
    def of(
        cls, *, restrictions: Iterable[InForce], places: Mapping[UUID, tuple[str, str]]
    ) -> Grounds:
        """Return the grounds; desk, venue and account restrictions must be of this account."""
        grouped = by_scope(restrictions)
        common = tuple(
            restriction
            for (kind, _), rows in grouped.items()
            if kind in {"desk", "venue", "account"}
            for restriction in rows
        )
        return cls(common, grouped, places)

    def allows(
        self, *, purpose: str, bot_id: UUID, instrument_id: int, halt_id: UUID | None
    ) -> bool:
        """Return whether an order of `purpose` may be sent; a flatten must name a halt in force."""
        binding = self._binding(bot_id, instrument_id)
        state = strictest([restriction.state for restriction in binding])
        if state == "halted" and purpose == "flatten":
            return any(r.id == halt_id and r.flatten and r.state == "halted" for r in binding)
        return permits(state=state, purpose=purpose)

    def _binding(self, bot_id: UUID, instrument_id: int) -> list[InForce]:
        scopes: list[Scope] = [("bot", str(bot_id)), ("instrument", str(instrument_id))]
        if bot_id in self.places:
            stage, strategy = self.places[bot_id]
            scopes += [("stage", stage), ("strategy", strategy)]
        scoped = [row for scope in scopes for row in self.scoped.get(scope, ())]
        return [*self.common, *scoped]
