"""Admin pages of accounts: people and their roles through actions; tokens as metadata."""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from structlog.contextvars import get_contextvars

from apps.accounts.actions.create_person import NewPerson, create_person
from apps.accounts.actions.deactivate import deactivate
from apps.accounts.actions.set_roles import set_roles
from apps.accounts.domain.roles import ROLE_PERMISSIONS
from apps.accounts.models import ApiToken, User
from apps.accounts.queries import actor_of, roles_of
from apps.core.actor import Actor
from apps.core.admin import RecordAdmin
from apps.core.errors import DeskError, NotPermitted

for model in (Group, AccessAttempt, AccessFailureLog, AccessLog):
    admin.site.unregister(model)


def acts(request: HttpRequest) -> Actor:
    """Return the signed-in person as the audit writes them."""
    user = request.user
    if not isinstance(user, User):
        raise NotPermitted("NOT_SIGNED_IN")
    return actor_of(
        user=user,
        address=request.META.get("REMOTE_ADDR", ""),
        request_id=str(get_contextvars().get("request_id", "")),
    )


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, address and roles; the password is written, never read."""

    roles = forms.MultipleChoiceField(
        choices=[(role, role.replace("_", " ")) for role in ROLE_PERMISSIONS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Strategist, risk manager and auditor exclude each other.",
    )
    password = forms.CharField(
        widget=forms.PasswordInput(render_value=False),
        required=False,
        help_text="Set when the person is added; at least 12 characters.",
    )

    class Meta:
        model = User
        fields = ("username", "display_name", "email", "is_machine", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            return
        self.fields["roles"].initial = roles_of(self.instance)
        for name in ("username", "display_name", "email", "password", "is_machine"):
            self.fields[name].disabled = True

    def person(self) -> NewPerson:
        """Return who is to be added."""
        values = self.cleaned_data
        return NewPerson(
            username=values["username"],
            display_name=values["display_name"],
            email=values["email"],
            password=values["password"] or None,
            roles=tuple(values["roles"]),
            is_machine=values["is_machine"],
        )


@admin.register(User)
class UserAdmin(RecordAdmin):
    """People: added and given roles here, deactivated instead of deleted."""

    form = PersonForm
    needs = "manage_people"
    group = "Configure"
    hidden = ("password",)
    list_display = (
        "username",
        "display_name",
        "email",
        "role_names",
        "is_active",
        "is_machine",
        "last_login",
    )
    list_filter = ("is_active", "is_machine", "groups")
    search_fields = ("username", "display_name", "email")
    fields = ("username", "display_name", "email", "password", "roles", "is_machine", "is_active")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the form's fields: the password is among them, and write-only."""
        return self.fields

    @admin.display(description="roles")
    def role_names(self, user: User) -> str:
        """Return the person's roles."""
        return ", ".join(roles_of(user)) or "–"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever manages people may add one."""
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever manages people may change one."""
        return self.has_view_permission(request)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show a refusal as a message; nothing of a refused form is kept."""
        try:
            with transaction.atomic():
                return super().changeform_view(request, *args, **kwargs)
        except DeskError as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect(request.path)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        """Call the actions; each writes its audit row."""
        if not change:
            made = create_person(actor=acts(request), person=form.person(), reason="admin")
            obj.pk, obj._state.adding = made.pk, False
            return
        roles = tuple(form.cleaned_data["roles"])
        if set(roles) != set(roles_of(obj)):
            set_roles(actor=acts(request), user=obj, roles=roles, reason="admin")
        if "is_active" in form.changed_data and not obj.is_active:
            deactivate(actor=acts(request), user=obj, reason="admin")


@admin.register(ApiToken)
class ApiTokenAdmin(RecordAdmin):
    """Tokens without their text."""

    needs = "manage_people"
    group = "Configure"
    hidden = ("digest", "token_key")
    list_display = ("name", "user", "scopes", "created", "expiry", "last_used_at")
    search_fields = ("name", "user__username")
    list_select_related = ("user",)
