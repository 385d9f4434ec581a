"""What the desk measured about a bot, from rows that the bot's author cannot write."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Q
from django.db.models.functions import Abs

from apps.approvals.models import ChangeRequest
from apps.bots.models import Bot, Cycle
from apps.core.clock import now
from apps.core.errors import DeskError
from apps.golive.domain.gates import THRESHOLDS, GateResult, Measured, judge_gates
from apps.golive.models import GateCheck
from apps.marketdata.clock import market_now
from apps.orders.models import Order
from apps.portfolio.models import Position, RoundTrip
from apps.reconciliation.models import Case, Comparison
from apps.risk.domain.defaults import REQUIRED
from apps.risk.models import Limit
from apps.strategies.domain.parameters import parse_parameters
from apps.strategies.domain.registry import strategy_named
from apps.strategies.queries import running_version

RESTING = ("open", "partially_filled")


def gates_of(*, bot: Bot, to_stage: str) -> list[GateResult]:
    """Return every gate for the climb of `bot` to `to_stage`, as it stands now."""
    return judge_gates(measured=measure(bot=bot, to_stage=to_stage), to_stage=to_stage)


def latest_checks(request: ChangeRequest) -> list[GateCheck]:
    """Return the newest stored check of each gate of the request, by gate."""
    newest: dict[str, GateCheck] = {}
    for check in GateCheck.objects.filter(request=request).order_by("at", "id"):
        newest[check.gate] = check
    return list(newest.values())


def measure(*, bot: Bot, to_stage: str) -> Measured:
    """Return what the desk's rows say about `bot`; market time for stages, real for comparisons."""
    market = market_now()
    since = max(bot.stage_since, market - timedelta(days=THRESHOLDS[to_stage].cycle_days))
    trips = RoundTrip.objects.filter(bot=bot, stage=bot.stage).aggregate(
        closed=Count("id"), reconciled=Count("id", filter=Q(reconciled_at__isnull=False))
    )
    cycles = Cycle.objects.filter(bot_id=bot.pk, scheduled_for__gte=since).aggregate(
        done=Count("scheduled_for", filter=~Q(status="open")),
        failed=Count("scheduled_for", filter=Q(status="failed")),
    )
    orders = Order.objects.filter(bot=bot).aggregate(
        all=Count("id"), unknown=Count("id", filter=Q(status="unknown"))
    )
    cases = Case.objects.filter(account_id=bot.account_id, state="open", severity="critical")
    positions, protected = _positions(bot)
    orders_age, _ = _last_comparison(bot.account_id, "orders")
    balances_age, different = _last_comparison(bot.account_id, "balances")
    return Measured(
        config_problem=config_problem(bot),
        limits_missing=_missing_limits(bot),
        limits_required=len(REQUIRED),
        seconds_in_stage=(market - bot.stage_since).total_seconds(),
        round_trips=trips["closed"],
        round_trips_reconciled=trips["reconciled"],
        cycles=cycles["done"],
        cycles_failed=cycles["failed"],
        orders=orders["all"],
        orders_unknown=orders["unknown"],
        critical_cases=cases.count(),
        orders_compared_age=orders_age,
        balances_compared_age=balances_age,
        balances_different=different,
        positions=positions,
        positions_protected=protected,
        stops_placed=_stops_placed(bot),
        wants_protection=bool(bot.config and bot.config.protection.get("stop_loss")),
    )


def config_problem(bot: Bot) -> str | None:
    """Return why the bot's config would not run on today's code, or None."""
    config = bot.config
    if config is None:
        return "no config"
    try:
        name = config.strategy_version.strategy.name
        if running_version(name).pk != config.strategy_version_id:
            return "the strategy's code has changed"
        parse_parameters(strategy_named(name), config.parameters)
    except DeskError as error:
        return str(error)
    closed = config.instruments.filter(instrument__is_tradable=False)
    symbols = closed.values_list("instrument__symbol", flat=True)
    return f"not tradable: {', '.join(symbols)}" if symbols else None


def touches_real_money(*, scope_kind: str, scope_id: str) -> bool:
    """Return whether a limit of this scope bounds a bot at a real-money stage."""
    bots = Bot.objects.filter(stage__in=["small_capital", "mainnet"])
    if scope_kind == "bot":
        bots = bots.filter(pk=UUID(scope_id))
    elif scope_kind == "account":
        bots = bots.filter(account_id=UUID(scope_id))
    return bots.exists()


def approved_requests(*, at: datetime) -> list[UUID]:
    """Return the requests that are approved and still in time, oldest first."""
    found = ChangeRequest.objects.filter(state="approved", expires_at__gt=at)
    return list(found.order_by("approved_at").values_list("id", flat=True))


def _missing_limits(bot: Bot) -> tuple[str, ...]:
    scopes = Q(scope_kind="desk") | Q(scope_kind="account", scope_id=str(bot.account_id))
    scopes |= Q(scope_kind="bot", scope_id=str(bot.pk))
    found = set(Limit.objects.filter(scopes).values_list("name", flat=True))
    return tuple(name for name in REQUIRED if name not in found)


def _positions(bot: Bot) -> tuple[int, int]:
    """Return how many positions the bot holds, and how many rest on a stop for all of it."""
    held = Position.objects.filter(bot=bot).annotate(size=Abs("amount"))
    held = held.filter(size__gte=F("instrument__amount_step"))
    stops = Order.objects.filter(bot=bot, purpose="protect", status__in=RESTING)
    covered: dict[int, object] = {}
    for instrument, amount, filled in stops.values_list("instrument_id", "amount", "filled"):
        covered[instrument] = covered.get(instrument, 0) + amount - filled  # type: ignore[operator]
    rows = list(held.values_list("instrument_id", "size", "instrument__amount_step"))
    protected = sum(covered.get(instrument, 0) > amount - step for instrument, amount, step in rows)
    return len(rows), protected


def _stops_placed(bot: Bot) -> int:
    placed = Order.objects.filter(bot=bot, purpose="protect", acknowledged_at__isnull=False)
    return placed.count()


def _last_comparison(account_id: UUID, kind: str) -> tuple[float | None, int]:
    """Return age in seconds and open differences of the last finished comparison without error."""
    done = Comparison.objects.filter(account_id=account_id, kind=kind, finished_at__isnull=False)
    last = done.filter(error="").order_by("-started_at").first()
    if last is None or last.finished_at is None:
        return None, 0
    different = max(last.compared - last.equal, 0)
    return (now() - last.finished_at).total_seconds(), different
