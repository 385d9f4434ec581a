"""Turn an empty desk into one that replays: account, instruments, one bot for each pair."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from apps.bots.actions.create_bot import create_bot
from apps.bots.actions.start import start
from apps.bots.actions.write_config import write_config
from apps.bots.domain.configs import ConfigContent
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.clock import from_ms
from apps.demo.actions.open_paper_account import open_paper_account
from apps.demo.domain.plan import ReplayPlan, bot_slug
from apps.marketdata.actions.advance_clock import advance_clock
from apps.marketdata.actions.sync_instruments import sync_instruments
from apps.marketdata.models import Instrument
from apps.reconciliation.actions.reconcile_balances import reconcile_balances
from apps.reconciliation.actions.reconcile_orders import reconcile_orders
from apps.strategies.actions.sync_catalogue import sync_catalogue
from apps.strategies.domain.registry import strategy_named
from apps.venues.models import VenueAccount

ACTOR = Actor.task("demo.replay")
ACCOUNT = "replay"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the driver needs to know of the prepared desk."""

    account_id: UUID
    instrument_ids: list[int]


def prepare_replay(*, plan: ReplayPlan, start_ms: int) -> Prepared:
    """Make and start one bot for every instrument × strategy; may be repeated after a crash."""
    advance_clock(to=from_ms(start_ms))
    account = VenueAccount.objects.get(slug=ACCOUNT)
    sync_instruments(account_id=account.id)
    sync_catalogue()
    # an account may enter only after a clean pass; the schedules would take ten seconds
    reconcile_balances(account_id=account.id)
    reconcile_orders(account_id=account.id)
    instruments = {
        item.symbol: item
        for item in Instrument.objects.filter(
            venue=plan.venue, environment="simulated", symbol__in=plan.instruments
        )
    }
    for symbol in plan.instruments:
        for strategy in plan.strategies:
            _make_bot(plan, account, instruments[symbol], strategy)
    return Prepared(account.id, sorted(item.id for item in instruments.values()))


def open_replay_account(*, plan: ReplayPlan) -> None:
    """Open the replay's account before its exchange starts."""
    if not VenueAccount.objects.filter(slug=ACCOUNT).exists():
        open_paper_account(
            actor=ACTOR, slug=ACCOUNT, name="Replay", venue=plan.venue,
            balances={"USDT": Decimal(plan.start_balance)},
        )  # fmt: skip


def _sizing(plan: ReplayPlan, strategy: str) -> dict[str, str]:
    """Return a fixed cost; on perpetuals with leverage, and both sides where the strategy knows them."""
    sizing = {"mode": "fixed_cost", "cost": plan.cost}
    if plan.is_linear:
        sizing |= {"leverage": plan.leverage}
        sizing |= {"sides": "both"} if strategy_named(strategy).can_short else {}
    return sizing


def _make_bot(
    plan: ReplayPlan, account: VenueAccount, instrument: Instrument, strategy: str
) -> None:
    """Make, configure and start one bot, as far as that has not been done."""
    slug = bot_slug(instrument=instrument.symbol, strategy=strategy)
    bot = Bot.objects.filter(slug=slug).first() or create_bot(
        actor=ACTOR, slug=slug, name=f"{instrument.symbol} {strategy}", account_id=account.id
    )
    if bot.config_id is None:
        content = ConfigContent(
            strategy=strategy,
            timeframe=plan.timeframe,
            symbols=(instrument.symbol,),
            sizing=_sizing(plan, strategy),
            protection={"stop_loss": plan.stop_loss},
        )
        write_config(actor=ACTOR, bot_id=bot.id, content=content, reason="replay")
    if bot.state == "draft":
        start(actor=ACTOR, bot_id=bot.id, reason="replay")
