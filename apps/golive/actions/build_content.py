"""The canonical content of each kind of change, built from the rows as they are now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from apps.accounts.queries import known_people
from apps.approvals.domain.content import canonical, content_hash
from apps.approvals.models import ChangeRequest
from apps.audit.models import AuditEvent
from apps.bots.models import Bot, BotConfig
from apps.core.domain.money import exact
from apps.core.errors import NotFound
from apps.golive.queries import touches_real_money
from apps.reconciliation.queries.adjustments import (
    adopt_content,
    case_by_id,
    write_off_content,
)
from apps.risk.actions.set_limit import limit_content
from apps.risk.models import Limit
from apps.trading.actions.place_manual import place_of
from apps.trading.domain.manual import ManualTerms
from apps.trading.domain.manual_entry import KIND, entry_content, terms_from
from apps.venues.models import VenueAccount


@dataclass(frozen=True, slots=True)
class Built:
    """What would be (`content`), what is (`before`)."""

    content: dict[str, Any]
    before: dict[str, Any]


def promotion_content(*, bot: Bot, to_stage: str, account: VenueAccount) -> Built:
    """Return everything that decides what the bot would do at `to_stage` on `account`."""
    config = bot.config
    if config is None:
        raise NotFound("BOT_WITHOUT_CONFIG", bot=bot.slug)
    version = config.strategy_version
    symbols = config.instruments.values_list("instrument__symbol", flat=True)
    content = {
        "bot_id": bot.pk,
        "bot": bot.slug,
        "from_stage": bot.stage,
        "to_stage": to_stage,
        "account_id": account.pk,
        "account": account.slug,
        "venue": account.venue,
        "environment": account.environment,
        "key_fingerprint": account.key_fingerprint,
        "config_id": config.pk,
        "config_number": config.number,
        "strategy": version.strategy.name,
        "strategy_version": version.version,
        "source_hash": version.source_hash,
        "timeframe": config.timeframe,
        "parameters": config.parameters,
        "sizing": config.sizing,
        "protection": config.protection,
        "execution": config.execution,
        "instruments": sorted(symbols),
        "limits": _limits(bot, account),
    }
    before = {
        "stage": bot.stage,
        "account": bot.account.slug,
        "environment": bot.account.environment,
    }
    return Built(content=content, before=before)


def raise_content(*, scope_kind: str, scope_id: str, name: str, value: str) -> Built:
    """Return the content of a raised limit; before holds the value that binds this scope now."""
    content = limit_content(
        scope_kind=scope_kind, scope_id=scope_id, name=name, value=exact(value, field="value")
    )
    found = Limit.objects.filter(scope_kind=scope_kind, scope_id=scope_id, name=name).first()
    return Built(content=content, before={"value": found.value if found else None})


def rebuild(request: ChangeRequest) -> Built:
    """Return the content of the request as it would be built now."""
    return REBUILDERS[request.kind](request)


def drift(request: ChangeRequest) -> str | None:
    """Return the hash of the content as it would be now, when it is not what was asked for.

    The state that the request starts from counts too: a limit that moved, a stage that changed,
    money that became real in between.
    """
    built = rebuild(request)
    actual = content_hash(built.content)
    is_same = actual == request.content_hash and canonical(built.before) == request.before
    if request.kind == "limit.raise":
        scope = {key: request.content[key] for key in ("scope_kind", "scope_id")}
        is_same = is_same and touches_real_money(**scope) == request.real_money
    return None if is_same else actual


def config_editors(bot: Bot) -> dict[UUID, str]:
    """Return who wrote any config version of the bot, or a limit of its own."""
    authors = BotConfig.objects.filter(bot=bot).values_list("created_by", "number")
    written: dict[str, str] = {who: f"config version {number}" for who, number in authors}
    limits = Limit.objects.filter(scope_kind="bot", scope_id=str(bot.pk)).values_list("pk", "name")
    names = {str(pk): name for pk, name in limits}
    events = AuditEvent.objects.filter(
        object_type="risk_limit", object_id__in=names, actor_kind__in=["person", "token"]
    )
    for who, limit in events.values_list("actor_id", "object_id"):
        written.setdefault(who, f"limit {names[limit]}")
    return {user.pk: written[str(user.pk)] for user in known_people(written)}


def _limits(bot: Bot, account: VenueAccount) -> list[dict[str, Any]]:
    scopes = Q(scope_kind="desk") | Q(scope_kind="account", scope_id=str(account.pk))
    scopes |= Q(scope_kind="bot", scope_id=str(bot.pk))
    rows = Limit.objects.filter(scopes).order_by("scope_kind", "name")
    return [{"scope": row.scope_kind, "name": row.name, "value": row.value} for row in rows]


def _rebuild_promotion(request: ChangeRequest) -> Built:
    bot = Bot.objects.select_related("account", "config__strategy_version__strategy").get(
        pk=request.subject_id
    )
    account = VenueAccount.objects.get(pk=request.content["account_id"])
    return promotion_content(bot=bot, to_stage=request.content["to_stage"], account=account)


def _rebuild_raise(request: ChangeRequest) -> Built:
    wanted = request.content
    return raise_content(
        scope_kind=wanted["scope_kind"],
        scope_id=wanted["scope_id"],
        name=wanted["name"],
        value=wanted["value"],
    )


def write_off_built(case_id: UUID) -> Built:
    """Return the content of a write-off; before says that the case is open, and its books."""
    case = case_by_id(case_id)
    return Built(content=write_off_content(case=case), before=_case_before(case.state))


def adopt_built(case_id: UUID, bot_id: UUID) -> Built:
    """Return the content of an adoption; before says that the case is open."""
    case = case_by_id(case_id)
    return Built(content=adopt_content(case=case, bot_id=bot_id), before=_case_before(case.state))


def _case_before(state: str) -> dict[str, Any]:
    return {"case": state, "books": "as they are"}


def _rebuild_write_off(request: ChangeRequest) -> Built:
    return write_off_built(UUID(request.content["case_id"]))


def _rebuild_adopt(request: ChangeRequest) -> Built:
    return adopt_built(UUID(request.content["case_id"]), UUID(request.content["bot_id"]))


def entry_built(*, bot_id: UUID, terms: ManualTerms) -> Built:
    """Return the content of an entry by hand on real money; before says that nothing is placed."""
    place = place_of(bot_id, terms.instrument_id)
    return Built(content=entry_content(place=place, terms=terms), before={"order": "none"})


def _rebuild_entry(request: ChangeRequest) -> Built:
    terms = terms_from(request.content)
    return entry_built(bot_id=UUID(request.content["bot_id"]), terms=terms)


REBUILDERS = {
    "bot.promote": _rebuild_promotion,
    "limit.raise": _rebuild_raise,
    KIND: _rebuild_entry,
    "reconciliation.adopt": _rebuild_adopt,
    "reconciliation.write_off": _rebuild_write_off,
}
