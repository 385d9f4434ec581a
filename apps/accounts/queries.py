"""Who is there, what they may do, and what this desk is."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth.models import Group

from apps.accounts.domain.roles import ROLE_PERMISSIONS, permissions_of, token_permissions
from apps.accounts.models import ApiToken, Desk, User
from apps.core.actor import Actor
from apps.core.clock import now


def desk() -> Desk:
    """Return the desk's identity row."""
    return Desk.objects.get(id=1)


def roles_of(user: User) -> tuple[str, ...]:
    """Return the names of the user's roles, sorted; groups that are no role do not count."""
    names = Group.objects.filter(user=user).values_list("name", flat=True)
    return tuple(sorted(name for name in names if name in ROLE_PERMISSIONS))


def permissions_for(who: User | ApiToken) -> frozenset[str]:
    """Return the codenames that a person, or a token within its owner's roles, may use.

    A permission counts when the role table grants it and the group carries it; the superuser
    flag and permissions given to a single user count for nothing.
    """
    if isinstance(who, ApiToken):
        if who.expiry is None or who.expiry <= now():
            return frozenset()
        return permissions_for(who.user) & token_permissions(who.scopes)
    if not who.is_active:
        return frozenset()
    carried = Group.objects.filter(user=who).values_list("name", "permissions__codename")
    return frozenset(code for name, code in carried if code in permissions_of([name]))


def actor_of(
    *, user: User, token: ApiToken | None = None, address: str = "", request_id: str = ""
) -> Actor:
    """Return the actor of a request: the person, or the person's token by name.

    Both carry the person's id, so that what a token wrote counts as written by its owner.
    """
    return Actor(
        kind="token" if token else "person",
        id=str(user.id),
        name=f"{user.username}/{token.name}" if token else user.username,
        role=",".join(roles_of(user))[:64],
        address=address,
        request_id=request_id,
    )


def people_with(permission: str) -> list[User]:
    """Return the active people whose roles carry `permission`, by name."""
    roles = [role for role, may in ROLE_PERMISSIONS.items() if permission in may]
    people = User.objects.filter(groups__name__in=roles, is_active=True, is_machine=False)
    return list(people.distinct().order_by("username"))


def known_people(ids: Iterable[str]) -> list[User]:
    """Return the users among `ids` (text); actors that are no users are left out."""
    found: list[UUID] = []
    for text in ids:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return list(User.objects.filter(id__in=found).order_by("username"))


def tokens_of(user: User) -> list[ApiToken]:
    """Return the user's tokens, newest first."""
    return list(ApiToken.objects.filter(user=user).order_by("-created"))
