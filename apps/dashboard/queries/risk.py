"""The tree of limits with what is used of each, and every restriction in force."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.bots.models import Bot
from apps.dashboard.domain import formats
from apps.dashboard.queries.bots import order_counts
from apps.dashboard.queries.money import money_by_bot
from apps.dashboard.queries.scopes import Scope, scope_names
from apps.dashboard.queries.trading_states import Held, restrictions_in_force
from apps.marketdata.clock import market_now
from apps.risk.domain.limits import LIMITS
from apps.risk.models import Limit, Restriction
from apps.supervision.models import HaltRun

DEPTH = {"desk": 0, "account": 1, "bot": 2, "instrument": 1}


@dataclass(slots=True)
class Used:
    """What a node uses of the limits that can be measured; quote units and a count."""

    gross_exposure: Decimal = Decimal(0)
    daily_loss: Decimal = Decimal(0)
    open_orders: Decimal = Decimal(0)

    def of(self, name: str) -> Decimal | None:
        """Return what is used of the limit `name`; None for limits that bind single orders."""
        value: Decimal | None = getattr(self, name, None)
        return max(Decimal(0), value) if value is not None else None


@dataclass(slots=True)
class Node:
    """One node of the tree: its limits as (limit, words, used, text)."""

    kind: str
    key: str
    name: str
    limits: list[dict[str, Any]] = field(default_factory=list)

    @property
    def depth(self) -> int:
        """How far it is indented."""
        return DEPTH[self.kind]


def read_limits() -> list[Node]:
    """Return the tree desk → account → bot, then instruments (a fixed number of statements)."""
    rows = Bot.objects.filter(archived_at=None).order_by("slug")
    columns = ("id", "slug", "account_id", "account__slug")
    bots: list[dict[str, Any]] = [{**row} for row in rows.values(*columns)]
    used = _used(bots)
    nodes: dict[Scope, Node] = {("desk", ""): Node("desk", "", "Desk")}
    by_account: dict[tuple[UUID, str], list[dict[str, Any]]] = defaultdict(list)
    for bot in bots:
        by_account[(bot["account_id"], bot["account__slug"])].append(bot)
    for (account, slug), mine in sorted(by_account.items(), key=lambda item: item[0][1]):
        nodes[("account", str(account))] = Node("account", str(account), slug)
        for bot in mine:
            nodes[("bot", str(bot["id"]))] = Node("bot", str(bot["id"]), bot["slug"])
    stored = list(Limit.objects.order_by("scope_kind", "name"))
    others = [
        (row.scope_kind, row.scope_id)
        for row in stored
        if (row.scope_kind, row.scope_id) not in nodes
    ]
    for scope, name in sorted(scope_names(others).items()):
        nodes[scope] = Node(*scope, name)
    for row in stored:
        scope = (row.scope_kind, row.scope_id)
        spent = used[scope].of(row.name) if scope in used else None
        nodes[scope].limits.append(
            {"limit": row, "words": LIMITS[row.name][1], "used": spent, "text": _text(row, spent)}
        )
    return list(nodes.values())


def _used(bots: list[dict[str, Any]]) -> dict[Scope, Used]:
    money = money_by_bot(day=market_now().astimezone(UTC).date())
    orders = order_counts()
    found: dict[Scope, Used] = defaultdict(Used)
    for bot in bots:
        row = money.get(bot["id"])
        count = Decimal(orders.get(bot["id"], {}).get("open", 0))
        for scope in (("desk", ""), ("account", str(bot["account_id"])), ("bot", str(bot["id"]))):
            found[scope].open_orders += count
            if row is not None:
                found[scope].gross_exposure += row.exposure
                found[scope].daily_loss -= row.realised_today + row.unrealised
    return found


def _text(limit: Limit, used: Decimal | None) -> str:
    unit = LIMITS[limit.name][0]
    if unit == "fraction":
        return formats.percent(limit.value, 1)
    digits = 2 if unit == "quote" else 0
    words = formats.number(limit.value, digits)
    suffix = " s" if unit == "seconds" else ""
    return f"{formats.number(used, digits)} / {words}" if used is not None else f"{words}{suffix}"


def read_restrictions() -> list[dict[str, Any]]:
    """Return the restrictions in force with names and, for halts, how far each account is."""
    held: list[Held] = restrictions_in_force()
    names = scope_names((item.scope_kind, item.scope_id) for item in held)
    runs: dict[UUID, list[HaltRun]] = defaultdict(list)
    for run in HaltRun.objects.filter(restriction__lifted_at=None).select_related("account"):
        runs[run.restriction_id].append(run)
    return [
        {"held": item, "name": names[(item.scope_kind, item.scope_id)], "runs": runs[item.id]}
        for item in held
    ]


def lifted_lately() -> list[Restriction]:
    """Return the last ten restrictions that ended."""
    return list(Restriction.objects.exclude(lifted_at=None).order_by("-lifted_at")[:10])
