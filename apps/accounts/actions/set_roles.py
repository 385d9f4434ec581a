"""Give a person exactly these roles."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import Group
from django.db import transaction

from apps.accounts.domain.roles import STAFF_PERMISSIONS, check_roles, permissions_of
from apps.accounts.models import User
from apps.audit.context import acting
from apps.core.actor import Actor


def set_roles(*, actor: Actor, user: User, roles: Collection[str], reason: str = "") -> User:
    """Replace the user's roles by `roles`; groups that are no role are taken away too.

    :raises RolesInvalid: unknown roles, roles that exclude each other, a machine that could vote.
    """
    check_roles(roles, is_machine=user.is_machine)
    with transaction.atomic(), acting(actor=actor, verb="person.set_roles", reason=reason):
        locked = User.objects.select_for_update().get(pk=user.pk)
        wanted = list(Group.objects.filter(name__in=roles))
        # Taken away before given: the database refuses two exclusive roles at any moment.
        locked.groups.remove(*locked.groups.exclude(pk__in=[group.pk for group in wanted]))
        locked.groups.add(*wanted)
        is_staff = not user.is_machine and bool(permissions_of(roles) & STAFF_PERMISSIONS)
        if is_staff != locked.is_staff:
            locked.is_staff = is_staff
            locked.save(update_fields=["is_staff"])
    user.is_staff = is_staff
    return user
