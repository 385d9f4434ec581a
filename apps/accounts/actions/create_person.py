"""Add a person, or a machine that only holds tokens."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from apps.accounts.actions.set_roles import set_roles
from apps.accounts.domain.roles import check_roles
from apps.accounts.models import User
from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Who is added; without a password nobody can sign in as them by password."""

    username: str
    display_name: str = ""
    email: str = ""
    password: str | None = field(default=None, repr=False)
    roles: tuple[str, ...] = ()
    is_machine: bool = False
    is_demo: bool = False


def create_person(*, actor: Actor, person: NewPerson, reason: str = "") -> User:
    """Add `person` with their roles and return the user.

    :raises InvalidInput: `NAME_TAKEN`, `PASSWORD_WEAK`, `PERSON_INVALID`, or a role error.
    """
    check_roles(person.roles, is_machine=person.is_machine)
    user = User(
        username=person.username,
        display_name=person.display_name,
        email=person.email,
        is_machine=person.is_machine,
        is_demo=person.is_demo,
    )
    _set_password(user, person)
    if User.objects.filter(username=person.username).exists():
        raise InvalidInput("NAME_TAKEN", field="username", value=person.username)
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise InvalidInput("PERSON_INVALID", errors=error.message_dict) from error
    with transaction.atomic(), acting(actor=actor, verb="person.create", reason=reason):
        user.save(force_insert=True)
    if person.roles:
        set_roles(actor=actor, user=user, roles=person.roles, reason=reason)
    return user


def _set_password(user: User, person: NewPerson) -> None:
    if person.password is None or person.is_machine:
        user.set_unusable_password()
        return
    try:
        validate_password(person.password, user)
    except ValidationError as error:
        raise InvalidInput("PASSWORD_WEAK", field="password", errors=error.messages) from error
    user.set_password(person.password)
