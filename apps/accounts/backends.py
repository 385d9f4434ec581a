"""What a signed-in person may do: the roles say it, no flag does."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from apps.accounts.models import User
from apps.accounts.queries import permissions_for


class RolesBackend(ModelBackend):
    """Sign-in by password; permissions by the groups' roles only, for superusers too."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Machines hold tokens and never sign in."""
        return super().user_can_authenticate(user) and not getattr(user, "is_machine", False)

    def get_user_permissions(
        self, user_obj: AbstractBaseUser | AnonymousUser, obj: Any = None
    ) -> set[str]:
        """Return nothing: permissions are never granted past the roles."""
        return set()

    def get_group_permissions(
        self, user_obj: AbstractBaseUser | AnonymousUser, obj: Any = None
    ) -> set[str]:
        """Return `accounts.<codename>` for what the roles allow; read once for each user object."""
        if not isinstance(user_obj, User) or obj is not None:
            return set()
        known: set[str] | None = getattr(user_obj, "_role_permissions", None)
        if known is None:
            known = {f"accounts.{codename}" for codename in permissions_for(user_obj)}
            user_obj._role_permissions = known  # type: ignore[attr-defined]
        return known

    def get_all_permissions(
        self, user_obj: AbstractBaseUser | AnonymousUser, obj: Any = None
    ) -> set[str]:
        """Return the permissions of the roles; there are no others."""
        return self.get_group_permissions(user_obj, obj)
