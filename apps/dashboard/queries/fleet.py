"""The fleet: every bot with its money, problems first, and tiles for each stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.bots.domain.stages import STAGES
from apps.dashboard.domain import formats
from apps.dashboard.domain.formats import Cell
from apps.dashboard.domain.live import Live, version
from apps.dashboard.domain.states import PROBLEM_ORDER
from apps.dashboard.queries.attention import Notice, notices
from apps.dashboard.queries.bots import (
    bot_rows,
    last_cycles,
    order_counts,
    rejected_counts,
    symbols_by_config,
)
from apps.dashboard.queries.money import BotMoney, Equity, equity_by_account, money_by_bot
from apps.dashboard.queries.trading_states import binding, restrictions_in_force, strictest
from apps.marketdata.clock import market_now
from apps.risk.models import Limit


@dataclass(slots=True)
class Tile:
    """One stage's figures; money of two stages is never added."""

    stage: str
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fleet:
    """All that the fleet page and its live topic show."""

    rows: list[dict[str, Any]]
    stages: list[str]
    notices: list[Notice]
    live: Live


def read_fleet() -> Fleet:
    """Return the fleet in a fixed number of statements, whatever the number of bots."""
    rows = bot_rows()
    money = money_by_bot(day=market_now().astimezone(UTC).date())
    orders, rejected, cycles, symbols = (
        order_counts(),
        rejected_counts(),
        last_cycles(),
        symbols_by_config(),
    )
    restrictions, limits = restrictions_in_force(), limits_by_scope()
    for row in rows:
        row["money"] = money.get(row["id"], BotMoney())
        row["open_orders"] = orders.get(row["id"], {}).get("open", 0)
        row["unknown"] = orders.get(row["id"], {}).get("unknown", 0)
        row["rejected"] = rejected.get(row["id"], 0)
        row["decided_at"], row["outcome"], row["cycle_status"] = cycles.get(
            row["id"], (None, "", "")
        )
        row["symbols"] = symbols.get(row["config_id"], [])
        row["limits"] = limits.get(str(row["id"]), {})
        held = strictest(binding(restrictions, row))
        row["trading_state"] = held.state if held else "active"
        row["held"] = held
    rows.sort(key=_problems_first)
    equity = equity_by_account()
    stages = [stage for stage in STAGES if any(row["stage"] == stage for row in rows)]
    shown = notices(rows, restrictions)
    values: dict[str, Cell] = {}
    for row in rows:
        values |= row_values(row)
    for stage in stages:
        values |= stage_values(stage, rows, equity, limits[""])
    versions = {
        "bots": version(
            [(r["slug"], r["state"], r["stage"], r["trading_state"], r["symbols"]) for r in rows]
        ),
        "attention": version([(n.tone, n.subject, n.text) for n in shown]),
    }
    return Fleet(rows, stages, shown, Live(values, versions))


def limits_by_scope() -> dict[str, dict[str, Decimal]]:
    """Return gross exposure and daily loss of each bot, and of the desk under "" (one statement)."""
    found: dict[str, dict[str, Decimal]] = {"": {}}
    wanted = Limit.objects.filter(
        scope_kind__in=("desk", "bot"), name__in=("gross_exposure", "daily_loss")
    )
    for scope, name, value in wanted.order_by().values_list("scope_id", "name", "value"):
        found.setdefault(scope, {})[name] = value
    return found


def row_values(row: dict[str, Any]) -> dict[str, Cell]:
    """Return the live values of one bot's row."""
    money, key = row["money"], f"bot.{row['slug']}"
    limit = row["limits"].get("gross_exposure")
    exposure = formats.UNKNOWN if money.unpriced else formats.number(money.exposure, 0)
    return {
        f"{key}.exposure": formats.plain_cell(
            f"{exposure} / {formats.number(limit, 0)}" if limit is not None else exposure
        ),
        f"{key}.bar": formats.bar_cell(None if money.unpriced else money.exposure, limit),
        f"{key}.today": formats.profit_cell(money.today),
        f"{key}.total": formats.profit_cell(money.total),
        f"{key}.orders": formats.plain_cell(
            str(row["open_orders"]), "bad" if row["unknown"] else ""
        ),
        f"{key}.decided": formats.age_cell(
            row["decided_at"], "bad" if row["cycle_status"] == "failed" else ""
        ),
    }


def stage_values(
    stage: str,
    rows: list[dict[str, Any]],
    equity: dict[UUID, Equity],
    desk: dict[str, Decimal],
) -> dict[str, Cell]:
    """Return the live values of one stage's tiles; `desk` holds the limits of the whole desk."""
    mine = [row for row in rows if row["stage"] == stage]
    shared = {row["account_id"] for row in rows if row["stage"] != stage}
    accounts = {row["account_id"] for row in mine}
    held = [equity[account] for account in accounts if account in equity]
    whole = bool(held) and not accounts & shared and all(item.value is not None for item in held)
    realised = sum((row["money"].realised_today for row in mine), Decimal(0))
    unrealised = sum((row["money"].unrealised for row in mine), Decimal(0))
    gross = sum((row["money"].exposure for row in mine), Decimal(0))
    gross_limit = desk.get("gross_exposure", Decimal(0))
    states = [row["state"] for row in mine]
    worst = worst_loss(mine, desk=desk)
    marked = min((item.marked_at for item in held if item.marked_at), default=None)
    key = f"stage.{stage}"
    return {
        f"{key}.equity": formats.plain_cell(
            formats.number(sum((item.value or Decimal(0) for item in held), Decimal(0))) if whole else formats.MISSING
        ),
        f"{key}.marked": formats.age_cell(marked),
        f"{key}.accounts": formats.plain_cell(
            "account shared with another stage" if accounts & shared else counted(len(accounts), "account")
        ),
        f"{key}.today": formats.profit_cell(realised + unrealised),
        f"{key}.split": formats.plain_cell(
            f"realised {formats.signed(realised)} · open {formats.signed(unrealised)}"
        ),
        f"{key}.loss": formats.plain_cell(formats.percent(worst[0]) if worst else formats.MISSING),
        f"{key}.loss_words": formats.plain_cell(worst[1] if worst else "no limit set"),
        f"{key}.gross": formats.plain_cell(formats.number(gross, 0)),
        f"{key}.gross_bar": formats.bar_cell(gross, gross_limit),
        f"{key}.gross_words": formats.plain_cell(
            f"{formats.percent(gross / gross_limit)} of {formats.number(gross_limit, 0)}" if gross_limit else "no limit set"
        ),
        f"{key}.running": formats.plain_cell(f"{states.count('running')} / {len(mine)}"),
        f"{key}.states": formats.plain_cell(
            " · ".join(f"{states.count(s)} {s}" for s in PROBLEM_ORDER if s in states and s != "running")
            or ("all running" if mine else "")
        ),
        f"{key}.orders": formats.plain_cell(str(sum(row["open_orders"] for row in mine))),
        f"{key}.rejects": formats.plain_cell(
            f"{sum(row['rejected'] for row in mine)} rejected in the last hour"
        ),
    }  # fmt: skip


def worst_loss(
    rows: list[dict[str, Any]], *, desk: dict[str, Decimal]
) -> tuple[Decimal, str] | None:
    """Return the largest share of a daily loss limit used today, a bot's or the desk's, in words."""
    used = []
    today_all = [row["money"].today for row in rows]
    if desk.get("daily_loss") and None not in today_all:
        loss, limit = max(Decimal(0), -sum(today_all, Decimal(0))), desk["daily_loss"]
        used.append(
            (loss / limit, f"{formats.number(-loss)} of {formats.number(limit)} for the desk")
        )
    for row in rows:
        limit, today = row["limits"].get("daily_loss"), row["money"].today
        if limit and today is not None:
            loss = max(Decimal(0), -today)
            used.append(
                (loss / limit, f"{row['slug']} {formats.number(-loss)} of {formats.number(limit)}")
            )
    if not used:
        return None
    share, words = max(used)
    return share, words if share else "nothing lost today"


def counted(count: int, word: str) -> str:
    """Return `1 account`, `2 accounts`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _problems_first(row: dict[str, Any]) -> tuple[int, str]:
    worst = row["state"]
    if worst != "failed" and row["trading_state"] != "active":
        worst = row["trading_state"]
    if row["unknown"]:
        worst = "failed"
    return PROBLEM_ORDER.index(worst), row["slug"]
