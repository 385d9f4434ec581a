"""Write a config version: validated, immutable, and the one that runs from the next cycle on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from apps.approvals.models import ChangeRequest
from apps.audit.context import acting
from apps.bots.domain.configs import ConfigContent, content_hash
from apps.bots.domain.execution import canonical as canonical_execution
from apps.bots.domain.sizing import Sizing, parse_protection, parse_sizing, refuse_danger
from apps.bots.models import Bot, BotConfig, BotConfigInstrument
from apps.bots.queries import bot_by_id
from apps.core.actor import Actor
from apps.core.bell import ring
from apps.core.clock import now
from apps.core.domain.money import plain
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.core.errors import Conflict, InvalidInput, RequiresChangeRequest
from apps.marketdata.models import Instrument
from apps.strategies.domain.base import Strategy
from apps.strategies.domain.parameters import parse_parameters
from apps.strategies.domain.registry import strategy_named
from apps.strategies.models import StrategyVersion
from apps.strategies.queries import running_version
from apps.venues.domain.capabilities import demand, demand_trailing

CHANGE_KIND = "bot.config"
INSTRUMENTS_MAX = 50


def write_config(
    *, actor: Actor, bot_id: UUID, content: ConfigContent, reason: str,
    proof: ChangeRequest | None = None, equity: Decimal | None = None,
) -> BotConfig:  # fmt: skip
    """Store the bot's next config version and make it the one that runs.

    `equity` (quote units of the account, None when unknown) bounds a fixed cost. On testnet and
    above the content needs an approved change request whose content is exactly this one.

    :raises InvalidInput: the code names the field that does not fit.
    :raises DangerousConfig: with the number that would pass.
    :raises RequiresChangeRequest: from testnet on, without its proof.
    """
    with transaction.atomic(), acting(
        actor=actor, verb="bot.write_config", reason=reason,
        change_request="" if proof is None else str(proof.pk),
    ):  # fmt: skip
        bot = Bot.objects.select_for_update(of=("self",)).get(pk=bot_by_id(bot_id).pk)
        if bot.archived_at is not None:
            raise Conflict("BOT_ARCHIVED", bot=bot.slug)
        version, canonical, instruments = check_content(bot=bot, content=content, equity=equity)
        _demand_proof(bot, canonical, proof)
        number = (bot.configs.aggregate(last=Max("number"))["last"] or 0) + 1
        config = BotConfig.objects.create(
            bot=bot, number=number, strategy_version=version, timeframe=canonical.timeframe,
            parameters=canonical.parameters, sizing=canonical.sizing, protection=canonical.protection,
            execution=canonical.execution,
            content_hash=content_hash(canonical.as_dict() | {"version": version.source_hash}),
            reason=reason, created_by=actor.id, created_by_name=actor.name, created_at=now(),
        )  # fmt: skip
        BotConfigInstrument.objects.bulk_create(
            BotConfigInstrument(config=config, instrument=instrument) for instrument in instruments
        )
        Bot.objects.filter(pk=bot.pk).update(config=config)
    ring("fleet", f"bot:{bot_id}")
    return config


def check_content(
    *, bot: Bot, content: ConfigContent, equity: Decimal | None
) -> tuple[StrategyVersion, ConfigContent, list[Instrument]]:
    """Return the strategy version, the canonical content and the instruments of a sane content.

    :raises DeskError: the code names the first field that does not fit.
    """
    strategy = strategy_named(content.strategy)
    version = running_version(content.strategy)
    if content.timeframe not in TIMEFRAME_MS:
        raise InvalidInput("TIMEFRAME_UNKNOWN", field="timeframe", known=list(TIMEFRAME_MS))
    parse_parameters(strategy, content.parameters)
    defaults = {name: rule["default"] for name, rule in version.schema["properties"].items()}
    sizing, protection = parse_sizing(content.sizing), parse_protection(content.protection)
    refuse_danger(sizing=sizing, protection=protection, equity=equity)
    instruments = _instruments(bot, content.symbols)
    _demand_perpetuals(strategy=strategy, sizing=sizing, instruments=instruments)
    canonical = replace(
        content,
        symbols=tuple(sorted(content.symbols)),
        parameters=defaults | dict(content.parameters),
        sizing=sizing.as_dict(),
        protection=protection.as_dict(),
        execution=canonical_execution(content.execution),
    )
    if protection.trailing_stop is not None:
        _demand_trailing(bot, instruments, protection.trailing_stop)
    return version, canonical, instruments


def _demand_perpetuals(
    *, strategy: Strategy, sizing: Sizing, instruments: Sequence[Instrument]
) -> None:
    """Refuse leverage, isolated margin and shorts where they cannot be.

    :raises InvalidInput: `PERPETUALS_ONLY`, `STRATEGY_CANNOT_SHORT`, `LEVERAGE_AT_VENUE`.
    """
    if not sizing.is_for_perpetuals:
        return
    spot = sorted(i.symbol for i in instruments if i.kind != "linear")
    if spot:
        raise InvalidInput("PERPETUALS_ONLY", field="sizing", value=spot)
    if sizing.sides != "long" and not strategy.can_short:
        raise InvalidInput(
            "STRATEGY_CANNOT_SHORT", field="sizing.sides", value=sizing.sides, known=["long"]
        )
    bounds = [i.leverage_max for i in instruments if i.leverage_max is not None]
    if bounds and sizing.leverage > min(bounds):
        raise InvalidInput(
            "LEVERAGE_AT_VENUE", field="sizing.leverage", value=plain(sizing.leverage),
            would_pass=plain(min(bounds)),
        )  # fmt: skip


def _demand_trailing(bot: Bot, instruments: Sequence[Instrument], rate: Decimal) -> None:
    """A trailing stop rests at the venue: the desk does not imitate it.

    :raises NotAtThisVenue: where the venue has none.
    :raises InvalidInput: where it would not take this distance.
    """
    venue, field = bot.account.venue, "protection.trailing_stop"
    for kind in sorted({instrument.kind for instrument in instruments}):
        demand(venue=venue, kind=kind, features=("trailing_stop_market",))
        demand_trailing(venue=venue, kind=kind, rate=rate, field=field)


def _instruments(bot: Bot, symbols: Sequence[str]) -> list[Instrument]:
    """Return the tradable instruments of the account's venue and environment, all of them."""
    if not symbols or len(symbols) > INSTRUMENTS_MAX or len(set(symbols)) != len(symbols):
        raise InvalidInput("INSTRUMENTS_INVALID", field="symbols", min=1, max=INSTRUMENTS_MAX)
    account = bot.account
    found = Instrument.objects.filter(
        venue=account.venue, environment=account.environment, symbol__in=symbols
    )
    instruments = sorted(found, key=lambda instrument: instrument.symbol)
    missing = sorted(set(symbols) - {i.symbol for i in instruments if i.is_tradable})
    if missing:
        raise InvalidInput(
            "INSTRUMENT_NOT_TRADABLE", field="symbols", value=missing, venue=account.venue
        )
    others = sorted({i.symbol for i in instruments if i.quote != account.quote_asset})
    if others:
        raise InvalidInput(
            "INSTRUMENT_OTHER_QUOTE", field="symbols", value=others, quote=account.quote_asset
        )
    return instruments


def _demand_proof(bot: Bot, canonical: ConfigContent, proof: ChangeRequest | None) -> None:
    """Ask for the approved request that names exactly this content, from testnet on."""
    if bot.stage == "paper":
        return
    request = (
        None
        if proof is None
        else ChangeRequest.objects.filter(pk=proof.pk, state="applying").first()
    )
    if (
        request is None
        or (request.kind, request.subject_id) != (CHANGE_KIND, str(bot.pk))
        or request.content != canonical.as_dict()
    ):
        raise RequiresChangeRequest(kind=CHANGE_KIND, bot=bot.slug, stage=bot.stage)
