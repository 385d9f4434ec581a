"""Reads of limits and restrictions, each one bounded number of statements for any fleet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q

from apps.bots.domain.stages import STAGES
from apps.bots.models import Bot
from apps.marketdata.models import Instrument
from apps.risk.domain.defaults import completed
from apps.risk.domain.forms import BotScope, EffectiveLimits
from apps.risk.domain.scopes import InForce, by_scope, states_of
from apps.risk.models import Limit, Restriction
from apps.strategies.models import Strategy
from apps.venues.models import VenueAccount

# Scope kind -> the rows its ids name, and by which field.
SCOPE_ROWS: Final[dict[str, tuple[type[Any], str]]] = {
    "venue": (VenueAccount, "venue"),
    "account": (VenueAccount, "id"),
    "strategy": (Strategy, "name"),
    "bot": (Bot, "id"),
    "instrument": (Instrument, "id"),
}
LimitRows = dict[tuple[str, str], dict[str, Decimal]]


class LimitTable(Mapping[tuple[UUID, int], EffectiveLimits]):
    """Limits by (bot, instrument); bots that are bound alike share one value."""

    def __init__(
        self,
        *,
        limits: LimitRows,
        bots: Mapping[UUID, tuple[UUID, str]],
        instrument_ids: Sequence[int],
    ) -> None:
        self._limits = limits
        self._bots = bots
        self._instrument_ids = tuple(instrument_ids)
        self._known: dict[tuple[object, ...], EffectiveLimits] = {}

    def __getitem__(self, key: tuple[UUID, int]) -> EffectiveLimits:
        bot_id, instrument_id = key
        account_id, stage = self._bots[bot_id]
        bot, instrument = ("bot", str(bot_id)), ("instrument", str(instrument_id))
        alike = (
            stage,
            account_id,
            bot if bot in self._limits else None,
            instrument if instrument in self._limits else None,
        )
        found = self._known.get(alike)
        if found is None:
            scopes = (("desk", ""), ("account", str(account_id)), bot, instrument)
            rows = {scope[0]: self._limits[scope] for scope in scopes if scope in self._limits}
            limits, missing = completed(by_scope=rows, stage=stage)
            found = self._known[alike] = EffectiveLimits(limits, missing)
        return found

    def __iter__(self) -> Iterator[tuple[UUID, int]]:
        return ((bot, instrument) for bot in self._bots for instrument in self._instrument_ids)

    def __len__(self) -> int:
        return len(self._bots) * len(self._instrument_ids)


def effective_limits(
    *, bots: Sequence[tuple[UUID, UUID]], instrument_ids: Sequence[int]
) -> Mapping[tuple[UUID, int], EffectiveLimits]:
    """Return the limits that bind each (bot, instrument), defaults filled in; two statements.

    `bots` are (bot, account) pairs.
    """
    bot_ids = [bot for bot, _ in bots]
    stages = dict(Bot.objects.filter(id__in=bot_ids).values_list("id", "stage"))
    ids = {
        "account": {str(account) for _, account in bots},
        "bot": {str(bot) for bot in bot_ids},
        "instrument": {str(instrument) for instrument in instrument_ids},
    }
    limits: LimitRows = {}
    rows = Limit.objects.values_list("scope_kind", "scope_id", "name", "value").order_by()
    for kind, scope_id, name, value in rows:
        if kind == "desk" or scope_id in ids[kind]:
            limits.setdefault((kind, scope_id), {})[name] = value
    accounts = {bot: (account, stages[bot]) for bot, account in bots}
    return LimitTable(limits=limits, bots=accounts, instrument_ids=instrument_ids)


def restrictions_in_force() -> list[InForce]:
    """Return every restriction that has not been lifted; one statement."""
    rows = Restriction.objects.filter(lifted_at=None).order_by("set_at", "id")
    return [
        InForce(id=id_, scope=(kind, scope_id), state=state, code=code, flatten=flatten)
        for id_, kind, scope_id, state, code, flatten in rows.values_list(
            "id", "scope_kind", "scope_id", "state", "code", "flatten"
        )
    ]


def trading_states(*, bots: Sequence[BotScope]) -> dict[UUID, dict[int, str]]:
    """Return bot → instrument → trading state, the strictest of all scopes; one statement."""
    restrictions = by_scope(restrictions_in_force())
    return {bot.bot_id: states_of(bot=bot, restrictions=restrictions) for bot in bots}


def account_restrictions(account_id: UUID) -> list[Restriction]:
    """Return the restrictions in force that bind the whole account: its own, venue and desk."""
    venue = VenueAccount.objects.filter(id=account_id).values("venue")
    scopes = (
        Q(scope_kind="desk")
        | Q(scope_kind="account", scope_id=str(account_id))
        | Q(scope_kind="venue", scope_id__in=venue)
    )
    return list(Restriction.objects.filter(scopes, lifted_at=None))


def bot_scopes(*, account_id: UUID | None = None) -> list[BotScope]:
    """Return where each bot that is not archived stands, of one account or of the desk; one statement."""
    rows = Bot.objects.filter(archived_at=None)
    if account_id is not None:
        rows = rows.filter(account_id=account_id)
    return [
        BotScope(bot, account, venue, stage, strategy or "", ())
        for bot, account, venue, stage, strategy in rows.values_list(
            "id", "account_id", "account__venue", "stage",
            "config__strategy_version__strategy__name",
        )
    ]  # fmt: skip


def scope_exists(*, scope_kind: str, scope_id: str) -> bool:
    """Return whether a scope names something that is there; the desk always is."""
    if scope_kind == "desk":
        return not scope_id
    if scope_kind == "stage":
        return scope_id in STAGES
    model, field = SCOPE_ROWS[scope_kind]
    try:
        return bool(model.objects.filter(**{field: scope_id}).exists())
    except (ValueError, ValidationError):
        return False
