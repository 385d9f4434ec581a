"""Reads of halts in force and of what stands in their scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q

from apps.marketdata.clock import market_now
from apps.orders.domain.lifecycle import UNFINISHED
from apps.risk.domain.defaults import PAPER
from apps.risk.models import Limit, Restriction
from apps.supervision.domain.execution import LAST_ORDERS, WINDOW_HOURS, Rolling
from apps.supervision.domain.losses import DayOfBot, Scope
from apps.supervision.models import HaltRun

# Scopes that cover an account as a whole, with orders of ours that our books do not know.
WHOLE_ACCOUNT: Final = frozenset({"desk", "venue", "account"})
# Real time for which a price is good enough to bound a flatten by.
PRICE_FRESH: Final = timedelta(seconds=10)
_ACCOUNTS: Final = {
    "desk": "SELECT a.id FROM venues_venueaccount a",
    "venue": "SELECT a.id FROM venues_venueaccount a WHERE a.venue = %(id)s",
    "account": "SELECT a.id FROM venues_venueaccount a WHERE a.id::text = %(id)s",
    "stage": "SELECT DISTINCT b.account_id FROM bots_bot b WHERE b.stage = %(id)s",
    "bot": "SELECT b.account_id FROM bots_bot b WHERE b.id::text = %(id)s",
    "strategy": """
        SELECT DISTINCT b.account_id FROM bots_bot b
        JOIN bots_botconfig c ON c.id = b.config_id
        JOIN strategies_strategyversion v ON v.id = c.strategy_version_id
        JOIN strategies_strategy s ON s.id = v.strategy_id WHERE s.name = %(id)s""",
    "instrument": """
        SELECT a.id FROM venues_venueaccount a
        JOIN marketdata_instrument i USING (venue, environment) WHERE i.id::text = %(id)s""",
}
# Without a key and without an order there is nothing of ours, and nobody to ask.
_REACHABLE: Final = """
SELECT a.id FROM venues_venueaccount a
WHERE a.archived_at IS NULL AND a.id IN ({accounts}) AND (a.api_key_sealed <> ''
    OR EXISTS (SELECT FROM orders_order o WHERE o.account_id = a.id))
ORDER BY a.slug
"""
# Conditions on bot `b`, its strategy `s` and instrument `i`.
_IN_SCOPE: Final = {
    "desk": "true",
    "venue": "true",
    "account": "true",
    "stage": "b.stage = %(id)s",
    "bot": "b.id::text = %(id)s",
    "strategy": "s.name = %(id)s",
    "instrument": "i.id::text = %(id)s",
}
_OF_BOT: Final = """
JOIN bots_bot b ON b.id = {alias}.bot_id
JOIN marketdata_instrument i ON i.id = {alias}.instrument_id
LEFT JOIN bots_botconfig c ON c.id = b.config_id
LEFT JOIN strategies_strategyversion v ON v.id = c.strategy_version_id
LEFT JOIN strategies_strategy s ON s.id = v.strategy_id
"""
_ORDERS: Final = f"""
SELECT o.id, o.client_order_id, i.symbol, o.purpose, o.status
FROM orders_order o {_OF_BOT.format(alias="o")}
WHERE o.account_id = %(account)s
"""  # noqa: S608 - our own text above
_POSITIONS: Final = f"""
SELECT p.bot_id, b.config_id, p.instrument_id, i.symbol, p.amount, q.last, i.price_tick,
    i.amount_step, i.amount_min, i.cost_min, i.stop_orders_max, i.is_tradable, i.kind,
    (SELECT a.position_mode FROM venues_venueaccount a WHERE a.id = p.account_id),
    coalesce(c.execution::text, '{{}}'), coalesce(q.observed_at > now() - %(fresh)s, false)
FROM portfolio_position p {_OF_BOT.format(alias="p")}
LEFT JOIN marketdata_quote q ON q.instrument_id = p.instrument_id
WHERE p.account_id = %(account)s AND abs(p.amount) >= i.amount_step
"""  # noqa: S608 - our own text above
_DAYS: Final = """
SELECT b.id, b.account_id, coalesce(d.realised_profit - d.fees + d.funding, 0)
    + CASE WHEN bool_or(p.amount <> 0 AND q.last IS NULL) THEN NULL
      ELSE coalesce(sum(p.amount * coalesce(q.mark, q.last) - p.basis)
          FILTER (WHERE p.amount <> 0), 0) END
FROM bots_bot b
LEFT JOIN portfolio_dailyresult d ON d.bot_id = b.id AND d.day = %s
LEFT JOIN portfolio_position p ON p.bot_id = b.id
LEFT JOIN marketdata_quote q ON q.instrument_id = p.instrument_id
WHERE b.archived_at IS NULL GROUP BY b.id, b.account_id, d.realised_profit, d.fees, d.funding
"""


@dataclass(frozen=True, slots=True)
class HaltedOrder:
    """An order of ours in a halt's scope."""

    id: UUID
    client_order_id: str
    symbol: str
    purpose: str
    status: str


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """A position to flatten: base units; `last` price and rules in quote per base."""

    bot_id: UUID
    config_id: UUID
    instrument_id: int
    symbol: str
    amount: Decimal
    last: Decimal | None
    price_tick: Decimal
    amount_step: Decimal
    amount_min: Decimal
    cost_min: Decimal
    stop_orders_max: int
    is_tradable: bool
    kind: str = "spot"
    position_mode: str = "one_way"
    # the config's execution as JSON text
    execution: str = "{}"
    is_price_fresh: bool = False

    @property
    def is_dust(self) -> bool:
        """True when the venue would take no order for what is left of it."""
        amount = abs(self.amount)
        cost = amount * self.last if self.last is not None else None
        return amount < self.amount_min or (cost is not None and cost < self.cost_min)


def halts_in_force() -> list[Restriction]:
    """Return the halting restrictions that have not been lifted, oldest first."""
    return list(Restriction.objects.filter(state="halted", lifted_at=None).order_by("set_at"))


def accounts_in_scope(restriction: Restriction) -> list[UUID]:
    """Return the accounts that a halt reaches and that can hold something of ours."""
    accounts = _ACCOUNTS[restriction.scope_kind]
    with connection.cursor() as cursor:
        cursor.execute(_REACHABLE.format(accounts=accounts), {"id": restriction.scope_id})
        return [row[0] for row in cursor.fetchall()]


def unfinished_runs(*, due_at: datetime | None = None) -> list[HaltRun]:
    """Return the runs of halts in force that are not over, or those of them due at `due_at`."""
    is_open = Q(verified_at=None) | Q(restriction__flatten=True, flattened_at=None)
    runs = HaltRun.objects.filter(is_open, restriction__lifted_at=None)
    if due_at is not None:
        runs = runs.filter(Q(next_try_at=None) | Q(next_try_at__lte=due_at))
    return list(runs.select_related("restriction").order_by("requested_at", "id"))


def orders_in_scope(*, restriction: Restriction, account_id: UUID) -> list[HaltedOrder]:
    """Return the account's unfinished orders in the halt's scope, oldest first."""
    return _orders(
        restriction, account_id, "o.status = ANY(%(statuses)s)", statuses=list(UNFINISHED)
    )


def orders_named(
    *, restriction: Restriction, account_id: UUID, client_order_ids: Sequence[str]
) -> list[HaltedOrder]:
    """Return those of our orders in scope, finished or not, that bear one of these ids."""
    wanted = "o.client_order_id = ANY(%(names)s)"
    return _orders(restriction, account_id, wanted, names=list(client_order_ids))


def known_names(client_order_ids: Sequence[str]) -> set[str]:
    """Return those of these ids that our books know."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT client_order_id FROM orders_order WHERE client_order_id = ANY(%s)",
            [list(client_order_ids)],
        )
        return {row[0] for row in cursor.fetchall()}


def _orders(
    restriction: Restriction, account_id: UUID, wanted: str, **values: Any
) -> list[HaltedOrder]:
    scope = _IN_SCOPE[restriction.scope_kind]
    given: dict[str, Any] = {"account": account_id, "id": restriction.scope_id} | values
    with connection.cursor() as cursor:
        cursor.execute(f"{_ORDERS} AND {scope} AND {wanted} ORDER BY o.decided_at, o.id", given)
        return [HaltedOrder(*row) for row in cursor.fetchall()]


def positions_in_scope(*, restriction: Restriction, account_id: UUID) -> list[HeldPosition]:
    """Return the account's positions in the halt's scope that are not flat."""
    scope = _IN_SCOPE[restriction.scope_kind]
    given: dict[str, Any] = {
        "account": account_id, "id": restriction.scope_id, "fresh": PRICE_FRESH,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"{_POSITIONS} AND {scope} ORDER BY b.slug, i.symbol", given)
        return [HeldPosition(*row) for row in cursor.fetchall()]


def flatten_orders(*, halt_id: UUID) -> dict[tuple[UUID, int], tuple[int, int]]:
    """Return (bot, instrument) → (orders made, unfinished ones) of a halt's flattening."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bot_id, instrument_id, count(*), count(*) FILTER (WHERE status = ANY(%s))"
            " FROM orders_order WHERE halt_id = %s GROUP BY bot_id, instrument_id",
            [list(UNFINISHED), halt_id],
        )
        return {(row[0], row[1]): (row[2], row[3]) for row in cursor.fetchall()}


def days_of_bots() -> list[DayOfBot]:
    """Return each bot's result since midnight UTC of market time; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, [market_now().date()])
        return [DayOfBot(*row) for row in cursor.fetchall()]


def daily_loss_limits(days: Sequence[DayOfBot]) -> dict[Scope, Decimal]:
    """Return scope → daily-loss limit; an account that none binds gets the paper default."""
    rows = Limit.objects.filter(name="daily_loss").values_list("scope_kind", "scope_id", "value")
    found: dict[Scope, Decimal] = {(kind, id_): value for kind, id_, value in rows.order_by()}
    if ("desk", "") in found:
        return found
    bound = {day.account_id for day in days if ("bot", str(day.bot_id)) in found}
    for account_id in {day.account_id for day in days} - bound:
        found.setdefault(("account", str(account_id)), PAPER["daily_loss"])
    return found


# Protective orders wait at the venue for days: their times and rests say nothing about execution.
_QUALITY: Final = """
SELECT CASE WHEN s.bot_id IS NULL THEN 'account' ELSE 'bot' END, coalesce(s.bot_id, s.account_id),
    count(*), avg(s.slippage_bps),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY s.submit_ms),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY s.acknowledge_ms),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY s.fill_ms) FILTER (WHERE s.type = 'market'),
    avg(s.fill_ratio) FILTER (WHERE s.cancel_requested_at IS NULL AND s.status <> 'rejected'),
    avg((s.status = 'rejected')::int)
FROM (
    SELECT q.*, o.type, o.cancel_requested_at,
        row_number() OVER (PARTITION BY q.bot_id ORDER BY q.ended_at DESC, q.order_id DESC) AS place
    FROM orders_orderquality q JOIN orders_order o ON o.id = q.order_id
    WHERE q.ended_at > now() - make_interval(hours => %s) AND q.status <> 'withdrawn'
        AND o.purpose <> 'protect') s
WHERE s.place <= %s
GROUP BY GROUPING SETS ((s.bot_id), (s.account_id))
"""


def rolling_quality() -> dict[tuple[str, UUID], Rolling]:
    """Return ("bot" or "account", id) -> how its last orders were executed.

    Of each bot the last 50 orders that were sent and ended within 24 h of real time; an account
    counts those of its bots.
    """
    with connection.cursor() as cursor:
        cursor.execute(_QUALITY, [WINDOW_HOURS, LAST_ORDERS])
        return {
            (row[0], row[1]): Rolling(row[2], *(None if v is None else float(v) for v in row[3:]))
            for row in cursor.fetchall()
        }
