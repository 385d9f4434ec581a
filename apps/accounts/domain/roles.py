"""The seven roles and what each may do. One table; `manage.py roles sync` keeps the groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from apps.core.errors import InvalidInput

PERMISSIONS: Final[dict[str, str]] = {
    "view_desk": "See fleet, bots, orders, fills, positions and market data",
    "view_operations": "See reconciliation, venue accounts' metadata and system",
    "view_audit": "Search and verify the audit",
    "operate_bots": "Start, stop and resume bots on paper and testnet",
    "pause_bots": "Pause bots anywhere",
    "place_orders": "Place and amend orders by hand",
    "close_positions": "Cancel orders and close positions by hand",
    "halt": "Halt a bot, an account or the desk",
    "release_halt": "Release a halt",
    "reconcile": "Reconcile an account now",
    "resolve_cases": "Take, comment and resolve cases; propose adjustments of the books",
    "edit_configs": "Write config versions",
    "propose_changes": "Write change requests",
    "vote": "Vote on change requests",
    "tighten_limits": "Lower limits at once",
    "demote_bots": "Demote a bot at once",
    "manage_people": "Manage people, roles and tokens",
    "manage_accounts": "Add venue accounts and write keys",
    "manage_settings": "Open configuration in the admin",
    "use_api": "Use the REST API with a token",
    "simulate_faults": "Make the simulated exchange fail on purpose",
}
VIEW: Final = frozenset({"view_desk", "use_api"})
OPERATE: Final = VIEW | {"view_operations", "pause_bots", "halt"}
ROLE_PERMISSIONS: Final[dict[str, frozenset[str]]] = {
    "viewer": VIEW,
    "operator": OPERATE
    | {
        "simulate_faults",
        "operate_bots",
        "place_orders",
        "close_positions",
        "reconcile",
        "resolve_cases",
    },
    "strategist": VIEW | {"view_operations", "edit_configs", "propose_changes", "pause_bots"},
    "risk_manager": OPERATE
    | {
        "vote",
        "release_halt",
        "tighten_limits",
        "propose_changes",
        "demote_bots",
        "close_positions",
        "reconcile",
        "resolve_cases",
    },
    "auditor": VIEW | {"view_operations", "view_audit"},
    "administrator": VIEW
    | {"view_operations", "manage_people", "manage_accounts", "manage_settings", "simulate_faults"},
    "machine": VIEW | {"propose_changes"},
}
# Whoever writes a strategy, judges its risk or checks the record must not do another of the three.
EXCLUSIVE_ROLES: Final = frozenset({"strategist", "risk_manager", "auditor"})
SCOPE_PERMISSIONS: Final[dict[str, frozenset[str]]] = {
    "read": frozenset({"view_desk", "view_operations", "view_audit"}),
    "propose": frozenset({"propose_changes", "edit_configs"}),
    "trade": frozenset({"operate_bots", "pause_bots", "place_orders", "close_positions"}),
    "halt": frozenset({"halt", "pause_bots"}),
    "operate": frozenset(
        {"reconcile", "resolve_cases", "tighten_limits", "demote_bots", "simulate_faults"}
    ),
    "admin": frozenset({"manage_accounts"}),
}
# What a token may never do, whatever its owner's roles are.
TOKEN_NEVER: Final = frozenset({"vote", "release_halt", "manage_people", "manage_settings"})


VOTER_ROLES: Final = frozenset(role for role, may in ROLE_PERMISSIONS.items() if "vote" in may)
# Permissions whose holders find something to read in the admin.
STAFF_PERMISSIONS: Final = frozenset({"view_operations", "view_audit", "manage_settings"})


class RolesInvalid(InvalidInput):
    """A set of roles that nobody may hold."""

    default_code = "ROLE_UNKNOWN"


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """Return the union of the permissions of `roles`; unknown roles give nothing."""
    return frozenset().union(*(ROLE_PERMISSIONS.get(role, frozenset()) for role in roles))


def token_permissions(scopes: Iterable[str]) -> frozenset[str]:
    """Return what a token with `scopes` may do at most."""
    granted = frozenset().union(*(SCOPE_PERMISSIONS.get(scope, frozenset()) for scope in scopes))
    return (granted | {"use_api"}) - TOKEN_NEVER


def check_roles(roles: Collection[str], *, is_machine: bool) -> None:
    """Allow a set of roles for one person or machine.

    :raises RolesInvalid: `ROLE_UNKNOWN`, `ROLES_EXCLUDE_EACH_OTHER` or `MACHINE_NEVER_VOTES`.
    """
    unknown = sorted(set(roles) - ROLE_PERMISSIONS.keys())
    if unknown:
        raise RolesInvalid(field="roles", unknown=unknown, known=sorted(ROLE_PERMISSIONS))
    clash = sorted(EXCLUSIVE_ROLES.intersection(roles))
    if len(clash) > 1:
        raise RolesInvalid("ROLES_EXCLUDE_EACH_OTHER", field="roles", roles=clash)
    voting = sorted(VOTER_ROLES.intersection(roles))
    if is_machine and voting:
        raise RolesInvalid("MACHINE_NEVER_VOTES", field="roles", roles=voting)


def check_scopes(scopes: Collection[str]) -> None:
    """Allow the scopes of a token.

    :raises RolesInvalid: `SCOPE_UNKNOWN`, also for none at all.
    """
    unknown = sorted(set(scopes) - SCOPE_PERMISSIONS.keys())
    if unknown or not scopes:
        raise RolesInvalid(
            "SCOPE_UNKNOWN", field="scopes", unknown=unknown, known=sorted(SCOPE_PERMISSIONS)
        )
