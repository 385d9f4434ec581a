"""Start, pause, resume, stop, demote: of one bot, and pause of many."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.bots.actions.pause import pause
from apps.bots.models import Bot
from apps.core.errors import Conflict
from apps.dashboard.access import View, actor_of, requires
from apps.dashboard.acts.bots import ACTS
from apps.dashboard.acts.prompts import Answer, Prompt
from apps.dashboard.queries.bot import bot_named
from apps.dashboard.queries.effects import effects_of, plural
from apps.dashboard.views.acting import act

BOTH = ("GET", "HEAD", "POST")
BULK_MAX = 500


def bot_act(name: str) -> View:
    """Return the view of one verb."""
    verb = ACTS[name]

    @requires(verb.permission, methods=BOTH)
    def view(request: HttpRequest, slug: str) -> HttpResponse:
        bot = bot_named(slug)
        effects = effects_of(Bot.objects.filter(pk=bot.pk))
        return act(
            request,
            prompt=verb.prompt(bot, effects),
            perform=lambda answer: verb.perform(actor_of(request), bot, answer),
            back=f"/bots/{slug}/",
        )

    return view


@requires("pause_bots", methods=BOTH)
def pause_many(request: HttpRequest) -> HttpResponse:
    """Pause every chosen bot that runs."""
    sent = request.POST if request.method == "POST" else request.GET
    slugs = sent.getlist("bot")[:BULK_MAX]
    running = Bot.objects.filter(slug__in=slugs, state="running", archived_at=None)
    effects = effects_of(running)
    if not effects.bots:
        return redirect("/")
    prompt = Prompt(
        title=f"Pause {plural(len(effects.bots), 'bot')}",
        verb=f"Pause {plural(len(effects.bots), 'bot')}",
        lines=(
            f"{effects.bot_words} make no new entries. Exits and stops go on.",
            f"{plural(effects.orders, 'open order')} and {plural(effects.stops, 'stop')} stay at the venue.",
        ),
        fields={"bot": list(effects.bots)},
        fingerprint=effects.fingerprint,
    )
    return act(
        request,
        prompt=prompt,
        perform=lambda answer: _pause_all(request, running, answer),
        back="/",
    )


def _pause_all(request: HttpRequest, bots: object, answer: Answer) -> str:
    actor, done, missed = actor_of(request), 0, 0
    for bot in list(bots):  # type: ignore[call-overload]
        try:
            pause(actor=actor, bot_id=bot.pk, reason=answer.reason)
            done += 1
        except Conflict:
            # Somebody moved it meanwhile; whatever it is now, it does not run.
            missed += 1
    told = f"{plural(done, 'bot')} paused."
    return f"{told} {missed} had changed meanwhile." if missed else told
