"""Load the demo fleet into an empty desk."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from apps.accounts.actions.create_person import NewPerson, create_person
from apps.accounts.actions.sync_roles import sync_roles
from apps.accounts.models import User
from apps.accounts.queries import actor_of
from apps.bots.actions.create_bot import create_bot
from apps.bots.actions.fail import fail
from apps.bots.actions.start import start
from apps.bots.actions.write_config import write_config
from apps.bots.domain.configs import ConfigContent
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.demo.actions.open_paper_account import open_paper_account
from apps.demo.domain import fleet
from apps.golive.actions.request_limit_raise import LimitRaise, request_limit_raise
from apps.marketdata.actions.sync_instruments import store_instruments
from apps.risk.actions.set_limit import set_limit
from apps.simulator.domain.instruments import DEMO_PAIRS, DEMO_PERPETUALS, listed
from apps.strategies.actions.sync_catalogue import sync_catalogue
from apps.venues.domain.reports import InstrumentRules
from apps.venues.models import VenueAccount

ACTOR = Actor.task("demo.seed")


def is_empty() -> bool:
    """Return whether nobody and nothing is here yet."""
    return not (User.objects.exists() or VenueAccount.objects.exists() or Bot.objects.exists())


def seed() -> None:
    """Make people, the paper account, limits and a running fleet, with one request waiting."""
    sync_roles(actor=ACTOR)
    sync_catalogue()
    with transaction.atomic():
        for person in fleet.PEOPLE:
            _add_person(person)
        account = open_paper_account(
            actor=ACTOR,
            slug=fleet.ACCOUNT_SLUG,
            name="Paper, Binance rules",
            balances=fleet.BALANCES,
        )
        perpetuals = open_paper_account(
            actor=ACTOR,
            slug=fleet.PERPETUALS_SLUG,
            name="Paper, Binance perpetuals",
            balances=fleet.PERPETUALS_BALANCES,
            venue="binanceusdm",
        )
        store_instruments(venue="binance", environment="simulated", rules=_rules(DEMO_PAIRS))
        rules = _rules(DEMO_PERPETUALS)
        store_instruments(venue="binanceusdm", environment="simulated", rules=rules)
        for name, value in fleet.DESK_LIMITS.items():
            set_limit(
                actor=ACTOR, scope_kind="desk", scope_id="", name=name, value=value, reason="demo"
            )
        for bot in fleet.BOTS:
            _add_bot(bot, perpetuals if bot.is_linear else account)
    _leave_something_to_do()


def _add_person(person: fleet.DemoPerson) -> None:
    create_person(
        actor=ACTOR,
        person=NewPerson(
            username=person.username,
            display_name=person.display_name,
            roles=person.roles,
            is_demo=True,
        ),
        reason="demo",
    )


def _rules(pairs: Sequence[str]) -> list[InstrumentRules]:
    """Return what the simulated exchange lists for the demo, without asking it."""
    return [
        InstrumentRules(
            symbol=pair,
            base=item.base,
            quote=item.quote,
            kind=item.kind,
            price_tick=item.tick,
            amount_step=item.step,
            amount_min=item.step,
            cost_min=item.cost_min,
            is_tradable=True,
            stop_orders_max=item.stop_orders_max,
            settle=item.quote if item.kind == "linear" else "",
        )
        for pair, item in ((pair, listed(pair)) for pair in pairs)
    ]


def _add_bot(wanted: fleet.DemoBot, account: VenueAccount) -> None:
    bot = create_bot(actor=ACTOR, slug=wanted.slug, name=wanted.name, account_id=account.id)
    content = ConfigContent(
        strategy=wanted.strategy,
        timeframe=wanted.timeframe,
        symbols=(wanted.symbol,),
        sizing={
            "mode": "fixed_cost",
            "cost": wanted.cost,
            "leverage": wanted.leverage,
            "sides": wanted.sides,
        },
        protection=wanted.protection,
        parameters=wanted.parameters,
    )
    write_config(actor=ACTOR, bot_id=bot.id, content=content, reason="demo")
    start(actor=ACTOR, bot_id=bot.id, reason="demo")


def _leave_something_to_do() -> None:
    """One bot failed, one limit nearly used, one request waiting for two votes."""
    bots = {
        bot.slug: bot for bot in Bot.objects.filter(slug__in=[fleet.FAILED_BOT, fleet.TIGHT_BOT])
    }
    fail(actor=ACTOR, bot_id=bots[fleet.FAILED_BOT].id, reason=fleet.FAILED_REASON)
    tight = str(bots[fleet.TIGHT_BOT].id)
    set_limit(
        actor=ACTOR, scope_kind="bot", scope_id=tight, name="gross_exposure",
        value=fleet.TIGHT_LIMIT, reason="demo",
    )  # fmt: skip
    strategist = User.objects.get(username="sam")
    raised = LimitRaise(
        scope_kind="bot", scope_id=tight, name="gross_exposure", value=fleet.RAISED_LIMIT
    )
    request_limit_raise(
        actor=actor_of(user=strategist),
        user=strategist,
        wanted=raised,
        reason="The bot cannot add to its position: one entry uses 92 % of its limit.",
    )
