"""People, their tokens and one-time links; the identity of this desk."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin, UserManager
from django.core.validators import RegexValidator
from django.db import models
from knox.models import AbstractAuthToken

from apps.accounts.domain.roles import PERMISSIONS
from apps.core.fields import DeskModel
from apps.core.ids import new_id


class User(DeskModel, AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]
    """A person, or a machine that only holds tokens. Roles are groups; see `domain/roles.py`."""

    username = models.CharField(
        max_length=64, unique=True, validators=[RegexValidator(r"^[a-z0-9][a-z0-9._-]*$")]
    )
    display_name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    is_machine = models.BooleanField(default=False, help_text="Holds tokens, never signs in.")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May open the admin.")
    is_demo = models.BooleanField(
        default=False, help_text="Made by the demo; refused beside a live account."
    )
    theme = models.CharField(
        max_length=8, default="auto", choices=[(t, t) for t in ("auto", "light", "dark")]
    )
    palette = models.CharField(
        max_length=12,
        default="classic",
        choices=[("classic", "Green / red"), ("blue", "Blue / orange")],
    )
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["email"]
    EMAIL_FIELD = "email"
    objects = UserManager()

    class Meta:
        ordering = ["username"]
        permissions = [(codename, words) for codename, words in PERMISSIONS.items()]

    def __str__(self) -> str:
        return self.display_name or self.username

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Ask the backends; Django's short cut for superusers does not exist here."""
        return self.is_active and perm in self.get_all_permissions(obj)

    def has_module_perms(self, app_label: str) -> bool:
        """Ask the backends; Django's short cut for superusers does not exist here."""
        return self.is_active and any(
            perm.startswith(f"{app_label}.") for perm in self.get_all_permissions()
        )

    def get_full_name(self) -> str:
        """Return the name that pages show."""
        return str(self)

    def get_short_name(self) -> str:
        """Return the sign-in name."""
        return self.username


class ApiToken(AbstractAuthToken):
    """A hashed, scoped, expiring token. Shown once, can never vote."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    name = models.CharField(max_length=80)
    scopes = models.JSONField(
        default=list, help_text="Subset of read, propose, trade, operate, halt, admin."
    )
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.name} ({self.token_key})"


class WelcomeLink(DeskModel):
    """A single-use sign-in link for the demo's first person, loopback only."""

    token_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"link for {self.user_id}"


class Desk(models.Model):
    """What this desk is: one row, written by the database's owner only."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    rehearsal = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="desk_single")]

    def __str__(self) -> str:
        return "rehearsal desk" if self.rehearsal else "desk"
