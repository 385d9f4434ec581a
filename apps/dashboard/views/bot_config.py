"""A bot's config versions, a new version, and a new bot."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.bots.actions.create_bot import create_bot
from apps.bots.actions.write_config import write_config
from apps.bots.models import BotConfig
from apps.core.errors import DeskError, NotFound
from apps.dashboard.access import actor_of, requires, rights_of
from apps.dashboard.config_form import ConfigForm, initial_of
from apps.dashboard.forms import refusal_words
from apps.dashboard.queries.bot import configs_of, read_bot
from apps.dashboard.queries.money import equity_by_account
from apps.dashboard.safe import submission_key, take_once
from apps.dashboard.views.bot import bot_context
from apps.strategies.domain.registry import CATALOGUE, strategy_named
from apps.venues.models import VenueAccount

BOTH = ("GET", "HEAD", "POST")


@requires("view_desk")
def versions(request: HttpRequest, slug: str) -> HttpResponse:
    """Show every config version with what changed in it."""
    page = read_bot(slug)
    configs = configs_of(page.bot.pk)
    shown = [
        {
            "config": config,
            "lines": difference(config, configs[index + 1] if index + 1 < len(configs) else None),
        }
        for index, config in enumerate(configs)
    ]
    context = bot_context(page, "config", rights_of(request.user)) | {
        "versions": shown,
        "catalogue": CATALOGUE,
    }
    return render(request, "bot/config.html", context)


@requires("edit_configs", methods=BOTH)
def new_version(request: HttpRequest, slug: str) -> HttpResponse:
    """Write a config version; the form comes from the strategy's parameter schema."""
    page = read_bot(slug)
    bot = page.bot
    present = bot.config.strategy_version.strategy.name if bot.config else next(iter(CATALOGUE))
    strategy = strategy_named(request.GET.get("strategy") or present)
    if request.method == "POST":
        form = ConfigForm(request.POST, strategy=strategy, bot=bot)
        if form.is_valid() and _written(request, form, bot.pk, bot.account_id):
            return redirect(f"/bots/{slug}/config/")
    else:
        form = ConfigForm(initial=initial_of(bot.config, strategy), strategy=strategy, bot=bot)
    context = bot_context(page, "config", rights_of(request.user)) | {
        "form": form, "strategy": strategy, "catalogue": CATALOGUE, "submission": submission_key(),
    }  # fmt: skip
    return render(request, "bot/new_version.html", context, status=422 if form.errors else 200)


def _written(request: HttpRequest, form: ConfigForm, bot_id: UUID, account_id: UUID) -> bool:
    equity = equity_by_account().get(account_id)
    try:
        config = write_config(
            actor=actor_of(request), bot_id=bot_id, content=form.content(),
            reason=form.cleaned_data["reason"], equity=equity.value if equity else None,
        )  # fmt: skip
    except DeskError as error:
        form.refuse(error)
        return False
    messages.success(request, f"Version {config.number} runs from the next cycle on.")
    return True


@requires("edit_configs", methods=BOTH)
def new_bot(request: HttpRequest) -> HttpResponse:
    """Make a bot: a draft on paper."""
    accounts = VenueAccount.objects.filter(archived_at=None, environment="simulated").order_by(
        "slug"
    )
    error = ""
    if request.method == "POST":
        sent = request.POST
        try:
            account = accounts.filter(slug=sent.get("account", "")).first()
            if account is None:
                raise NotFound("UNKNOWN_ACCOUNT", field="account")
            take_once(request)
            bot = create_bot(
                actor=actor_of(request), slug=sent.get("slug", "").strip(), name=sent.get("name", ""),
                account_id=account.pk, reason=sent.get("reason", ""),
            )  # fmt: skip
        except DeskError as refusal:
            error = refusal_words(refusal)
        else:
            messages.success(
                request, f"{bot.slug} is a draft on paper. Write its first config version."
            )
            return redirect(f"/bots/{bot.slug}/config/new/")
    context = {
        "accounts": accounts,
        "error": error,
        "sent": request.POST,
        "submission": submission_key(),
    }
    return render(request, "bot/new.html", context, status=422 if error else 200)


def flat(config: BotConfig) -> dict[str, str]:
    """Return a config as one mapping of words to values."""
    version = config.strategy_version
    found: dict[str, Any] = {
        "strategy": f"{version.strategy.title} {version.version} ({version.source_hash[:8]})",
        "timeframe": config.timeframe,
        "instruments": ", ".join(sorted(row.instrument.symbol for row in config.instruments.all())),
    }
    for part in ("sizing", "protection", "execution", "parameters"):
        found |= {
            f"{part} {name.replace('_', ' ')}": value
            for name, value in getattr(config, part).items()
        }
    return {name: str(value) for name, value in found.items()}


def difference(config: BotConfig, earlier: BotConfig | None) -> list[tuple[str, str, str]]:
    """Return (what, before, after) for each setting that changed; all of them for a first version."""
    after, before = flat(config), flat(earlier) if earlier else {}
    names = [*after, *(name for name in before if name not in after)]
    return [
        (name, before.get(name, ""), after.get(name, ""))
        for name in names
        if before.get(name) != after.get(name)
    ]
