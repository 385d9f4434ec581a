"""A bot's ladder: its gates as they stand, its requests, and the ask for the next stage."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.accounts.models import User
from apps.approvals.models import ChangeRequest
from apps.bots.domain.stages import STAGES, next_stage
from apps.core.errors import DeskError
from apps.dashboard.access import actor_of, requires, rights_of
from apps.dashboard.forms import refusal_words
from apps.dashboard.queries.bot import read_bot
from apps.dashboard.safe import submission_key, take_once
from apps.dashboard.views.bot import bot_context
from apps.golive.actions.request_promotion import request_promotion
from apps.golive.domain.gates import WORDS
from apps.golive.queries import gates_of
from apps.venues.models import VenueAccount


@requires("view_desk")
def ladder(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the stages, the gates of the next one, and every request so far."""
    return _page(request, slug)


@requires("propose_changes", methods=("POST",))
def promote(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for the next stage."""
    user = request.user
    assert isinstance(user, User)
    bot = read_bot(slug).bot
    account = VenueAccount.objects.filter(
        slug=request.POST.get("account", ""), archived_at=None
    ).first()
    account_id: UUID | None = account.pk if account and account.pk != bot.account_id else None
    try:
        take_once(request)
        made = request_promotion(
            actor=actor_of(request), user=user, bot_id=bot.pk,
            reason=request.POST.get("reason", ""), account_id=account_id,
        )  # fmt: skip
    except DeskError as error:
        return _page(request, slug, error=refusal_words(error))
    messages.success(request, f"{made.reference} waits for {made.approvals_needed} approval(s).")
    return redirect(f"/approvals/{made.number}/")


def _page(request: HttpRequest, slug: str, *, error: str = "") -> HttpResponse:
    page = read_bot(slug)
    bot = page.bot
    above = next_stage(bot.stage)
    gates = gates_of(bot=bot, to_stage=above) if above else []
    requests = ChangeRequest.objects.filter(subject_type="bot", subject_id=str(bot.pk))
    accounts = VenueAccount.objects.filter(archived_at=None).order_by("slug")
    context = bot_context(page, "go-live", rights_of(request.user)) | {
        "stages": [(stage, STAGES.index(stage) - STAGES.index(bot.stage)) for stage in STAGES],
        "above": above, "gates": [(WORDS.get(g.gate, g.gate), g) for g in gates],
        "passed": sum(g.result == "pass" for g in gates), "requests": requests[:20],
        "accounts": accounts, "error": error, "submission": submission_key(), "sent": request.POST,
    }  # fmt: skip
    return render(request, "bot/golive.html", context, status=422 if error else 200)
