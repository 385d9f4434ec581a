"""How many people must agree to which change, and of which roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from apps.core.errors import InvalidInput

EXPIRY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a kind of change demands: people, and the roles that must be among them."""

    approvals: int
    roles: tuple[str, ...] = ("risk_manager",)
    expiry: timedelta = EXPIRY


# A second person agrees to an entry by hand while its price still means something.
AT_ONCE: Final = timedelta(minutes=15)
# (kind, touches real money) → policy.
POLICIES: Final[dict[tuple[str, bool], Policy]] = {
    ("bot.promote", False): Policy(approvals=1),
    ("bot.promote", True): Policy(approvals=2),
    ("order.manual_entry", True): Policy(approvals=1, expiry=AT_ONCE),
    ("limit.raise", False): Policy(approvals=1),
    ("limit.raise", True): Policy(approvals=2),
    ("reconciliation.adopt", False): Policy(approvals=1),
    ("reconciliation.adopt", True): Policy(approvals=2),
    ("reconciliation.write_off", False): Policy(approvals=1),
    ("reconciliation.write_off", True): Policy(approvals=2),
}


def policy_for(*, kind: str, real_money: bool) -> Policy:
    """Return the policy of a kind of change.

    :raises InvalidInput: `CHANGE_KIND_UNKNOWN`.
    """
    policy = POLICIES.get((kind, real_money))
    if policy is None:
        known = sorted({kind for kind, _ in POLICIES})
        raise InvalidInput("CHANGE_KIND_UNKNOWN", field="kind", value=kind, known=known)
    return policy


def suffices(*, approving_roles: Iterable[str], needed: int, roles: Iterable[str]) -> bool:
    """Return whether the approving votes, one role each, are enough and of the right roles."""
    given = list(approving_roles)
    return len(given) >= needed and set(roles) <= set(given)
