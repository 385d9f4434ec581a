"""Kill switch, halt of any node, release."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from apps.core.errors import NotFound
from apps.dashboard.access import actor_of, requires
from apps.dashboard.acts.halts import check_scope, halt_prompt, perform_halt, release_prompt
from apps.dashboard.acts.release import perform_release
from apps.dashboard.queries.bot import bot_named
from apps.dashboard.queries.scopes import scope_name
from apps.dashboard.views.acting import act
from apps.risk.models import Restriction

BOTH = ("GET", "HEAD", "POST")


@requires("halt", methods=BOTH)
def halt_scope(request: HttpRequest, scope_kind: str = "desk", scope_id: str = "") -> HttpResponse:
    """Halt the desk or one node; a bot may be named by its slug."""
    back = "/risk/"
    if scope_kind == "bot":
        bot = bot_named(scope_id)
        scope_id, back = str(bot.pk), f"/bots/{bot.slug}/"
    check_scope(scope_kind=scope_kind, scope_id=scope_id)
    name = scope_name(scope_kind=scope_kind, scope_id=scope_id)
    return act(
        request,
        prompt=halt_prompt(scope_kind=scope_kind, scope_id=scope_id, name=name),
        perform=lambda answer: perform_halt(
            actor=actor_of(request),
            scope_kind=scope_kind,
            scope_id=scope_id,
            name=name,
            answer=answer,
        ),
        back=back,
    )


@requires("release_halt", methods=BOTH)
def release(request: HttpRequest, restriction_id: UUID) -> HttpResponse:
    """Release a halt, or lift another restriction."""
    found = Restriction.objects.filter(pk=restriction_id, lifted_at=None).first()
    if found is None:
        raise NotFound("RESTRICTION_NOT_FOUND", restriction=str(restriction_id))
    name = scope_name(scope_kind=found.scope_kind, scope_id=found.scope_id)
    return act(
        request,
        prompt=release_prompt(found, name),
        perform=lambda answer: perform_release(
            actor=actor_of(request), restriction=found, name=name, reason=answer.reason
        ),
        back="/risk/",
    )
