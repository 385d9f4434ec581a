"""The seven roles and what each may do. One table; `manage.py roles sync` keeps the groups."""

from __future__ import annotations

from typing import Final

PERMISSIONS: Final[dict[str, str]] = {
    "view_desk": "See fleet, bots, orders, fills, positions and market data",
    "view_operations": "See reconciliation, venue accounts' metadata and system",
    "view_audit": "Search and verify the audit",
    "operate_bots": "Start, stop and resume bots on paper and testnet",
    "pause_bots": "Pause bots anywhere",
    "halt": "Halt a bot, an account or the desk",
    "release_halt": "Release a halt",
    "reconcile": "Reconcile an account now",
    "edit_configs": "Write config versions",
    "propose_changes": "Write change requests",
    "vote": "Vote on change requests",
    "tighten_limits": "Lower limits at once",
    "demote_bots": "Demote a bot at once",
    "manage_people": "Manage people, roles and tokens",
    "manage_accounts": "Add venue accounts and write keys",
    "manage_settings": "Open configuration in the admin",
    "use_api": "Use the REST API with a token",
}
VIEW: Final = frozenset({"view_desk", "use_api"})
OPERATE: Final = VIEW | {"view_operations", "pause_bots", "halt"}
ROLE_PERMISSIONS: Final[dict[str, frozenset[str]]] = {
    "viewer": VIEW,
    "operator": OPERATE | {"operate_bots", "reconcile"},
    "strategist": VIEW | {"view_operations", "edit_configs", "propose_changes", "pause_bots"},
    "risk_manager": OPERATE
    | {"vote", "release_halt", "tighten_limits", "propose_changes", "demote_bots", "reconcile"},
    "auditor": VIEW | {"view_operations", "view_audit"},
    "administrator": VIEW
    | {"view_operations", "manage_people", "manage_accounts", "manage_settings"},
    "machine": VIEW | {"propose_changes"},
}
# Whoever writes a strategy, judges its risk or checks the record must not do another of the three.
EXCLUSIVE_ROLES: Final = frozenset({"strategist", "risk_manager", "auditor"})
SCOPE_PERMISSIONS: Final[dict[str, frozenset[str]]] = {
    "read": frozenset({"view_desk", "view_operations", "view_audit"}),
    "propose": frozenset({"propose_changes", "edit_configs"}),
    "trade": frozenset({"operate_bots", "pause_bots"}),
    "halt": frozenset({"halt", "pause_bots"}),
    "operate": frozenset({"reconcile", "tighten_limits", "demote_bots"}),
    "admin": frozenset({"manage_accounts"}),
}
# What a token may never do, whatever its owner's roles are.
TOKEN_NEVER: Final = frozenset({"vote", "release_halt", "manage_people", "manage_settings"})


def permissions_of(roles: frozenset[str] | set[str]) -> frozenset[str]:
    """Return the union of the permissions of `roles`; unknown roles give nothing."""
    return frozenset().union(*(ROLE_PERMISSIONS.get(role, frozenset()) for role in roles))


def token_permissions(scopes: list[str]) -> frozenset[str]:
    """Return what a token with `scopes` may do at most."""
    granted = frozenset().union(*(SCOPE_PERMISSIONS.get(scope, frozenset()) for scope in scopes))
    return (granted | {"use_api"}) - TOKEN_NEVER
