"""Keep the groups and their permissions equal to the role table."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from apps.accounts.domain.roles import PERMISSIONS, ROLE_PERMISSIONS
from apps.accounts.models import User
from apps.audit.actions.record import record
from apps.core.actor import Actor


def sync_roles(*, actor: Actor) -> dict[str, list[str]]:
    """Make every role's group carry exactly its permissions; return role → what was changed.

    Run it as often as you like: a second run changes and records nothing.
    """
    changes: dict[str, list[str]] = {}
    with transaction.atomic():
        known = _permissions()
        for role, codenames in ROLE_PERMISSIONS.items():
            group, _ = Group.objects.get_or_create(name=role)
            has = set(group.permissions.values_list("codename", flat=True))
            if has == set(codenames):
                continue
            group.permissions.set([known[codename] for codename in codenames])
            changes[role] = [
                *(f"+{codename}" for codename in sorted(codenames - has)),
                *(f"-{codename}" for codename in sorted(has - codenames)),
            ]
        if changes:
            record(actor=actor, verb="roles.sync", subject=("roles", "all", "roles"), after=changes)
    return changes


def _permissions() -> dict[str, Permission]:
    """Return codename → permission row on the user model, made where it is missing."""
    content_type = ContentType.objects.get_for_model(User)
    found = {p.codename: p for p in Permission.objects.filter(content_type=content_type)}
    for codename, words in PERMISSIONS.items():
        if codename not in found:
            found[codename] = Permission.objects.create(
                content_type=content_type, codename=codename, name=words
            )
    return found
