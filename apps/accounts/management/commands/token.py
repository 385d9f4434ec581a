"""`manage.py token create|list|revoke`: API tokens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.actions.create_token import DAYS_MAX, create_token
from apps.accounts.actions.revoke_token import revoke_token
from apps.accounts.models import User
from apps.accounts.queries import tokens_of
from apps.core.actor import Actor
from apps.core.errors import DeskError


class Command(BaseCommand):
    """Only the token itself goes to stdout."""

    help = "Create, list or revoke API tokens."

    def add_arguments(self, parser: CommandParser) -> None:
        """One sub-command a verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create")
        create.add_argument("--user", required=True)
        create.add_argument(
            "--scopes", required=True, help="read[,propose,trade,halt,operate,admin]"
        )
        create.add_argument("--name", default="command line")
        create.add_argument("--days", type=int, default=DAYS_MAX)
        verbs.add_parser("list").add_argument("--user", required=True)
        verbs.add_parser("revoke").add_argument("--id", required=True, type=UUID)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb; a refusal goes to stderr with its code."""
        try:
            getattr(self, f"_{options['verb']}")(options)
        except DeskError as error:
            raise CommandError(str(error)) from error

    def _create(self, options: dict[str, Any]) -> None:
        _, text = create_token(
            actor=Actor.task("token create"),
            user=self._user(options["user"]),
            name=options["name"],
            scopes=[scope.strip() for scope in options["scopes"].split(",") if scope.strip()],
            days=options["days"],
        )
        self.stdout.write(text)

    def _list(self, options: dict[str, Any]) -> None:
        for token in tokens_of(self._user(options["user"])):
            used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
            words = (
                str(token.public_id),
                token.name,
                ",".join(token.scopes),
                f"{token.expiry:%Y-%m-%d}",
                used,
            )
            self.stdout.write("\t".join(words))

    def _revoke(self, options: dict[str, Any]) -> None:
        revoke_token(actor=Actor.task("token revoke"), public_id=options["id"])
        self.stderr.write("Revoked.")

    def _user(self, name: str) -> User:
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"PERSON_NOT_FOUND user={name}")
        return user
