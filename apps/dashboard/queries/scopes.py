"""Names of the nodes that limits and restrictions hang on."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from apps.bots.models import Bot
from apps.marketdata.models import Instrument
from apps.venues.models import VenueAccount

Scope = tuple[str, str]


def scope_names(scopes: Iterable[Scope]) -> dict[Scope, str]:
    """Return the name of each (kind, id); three statements at most."""
    wanted = set(scopes)
    ids: dict[str, list[str]] = {}
    for kind, key in wanted:
        ids.setdefault(kind, []).append(key)
    found: dict[Scope, str] = {("desk", ""): "the desk"}
    if "bot" in ids:
        rows = Bot.objects.filter(pk__in=_uuids(ids["bot"])).order_by().values_list("pk", "slug")
        found |= {("bot", str(key)): slug for key, slug in rows}
    if "account" in ids:
        accounts = VenueAccount.objects.filter(pk__in=_uuids(ids["account"])).order_by()
        found |= {("account", str(key)): slug for key, slug in accounts.values_list("pk", "slug")}
    if "instrument" in ids:
        numbers = [int(key) for key in ids["instrument"] if key.isdigit()]
        instruments = Instrument.objects.filter(pk__in=numbers).order_by()
        found |= {
            ("instrument", str(key)): symbol
            for key, symbol in instruments.values_list("pk", "symbol")
        }
    return {scope: found.get(scope, scope[1]) for scope in wanted}


def scope_name(*, scope_kind: str, scope_id: str) -> str:
    """Return the name of one node."""
    return scope_names([(scope_kind, scope_id)])[(scope_kind, scope_id)]


def _uuids(texts: Iterable[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
