"""Config versions: validated, immutable, and never wider than approved."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from apps.bots.actions.create_bot import create_bot
from apps.bots.actions.demote import demote
from apps.bots.actions.write_config import write_config
from apps.bots.domain.configs import ConfigContent
from apps.bots.models import Bot, BotConfig
from apps.core.actor import Actor
from apps.core.errors import DeskError
from apps.strategies.actions.sync_catalogue import sync_catalogue
from tests.factories import make_account, make_bot, make_instrument, make_order

pytestmark = pytest.mark.django_db
EVA = Actor("person", "8", "Eva", "strategist")
CONTENT = ConfigContent(
    "sma_cross", "1h", ("BTC/USDT",), {"mode": "fixed_cost", "cost": "100"}, {"stop_loss": "0.05"},
    {"fast": 5},
)  # fmt: skip


@pytest.fixture
def bot() -> Bot:
    sync_catalogue()
    account = make_account()
    place = {"venue": account.venue, "environment": account.environment}
    make_instrument(**place, symbol="BTC/USDT")
    make_instrument(**place, symbol="DEAD/USDT", is_tradable=False)
    make_instrument(**place, symbol="BTC/EUR", quote="EUR")
    make_instrument(venue=account.venue, environment="testnet", symbol="ETH/USDT")
    return create_bot(actor=EVA, slug="first", name="First", account_id=account.id)


def test_a_config_is_numbered_pinned_and_complete(bot: Bot) -> None:
    first = write_config(actor=EVA, bot_id=bot.id, content=CONTENT, reason="one")
    second = write_config(actor=EVA, bot_id=bot.id, content=CONTENT, reason="two")
    bot.refresh_from_db()
    assert (first.number, second.number, bot.config_id) == (1, 2, second.id)
    assert second.parameters == {"fast": 5, "slow": 30}
    assert second.content_hash == first.content_hash
    assert [row.instrument.symbol for row in second.instruments.all()] == ["BTC/USDT"]
    with pytest.raises(DatabaseError), transaction.atomic():
        BotConfig.objects.update(timeframe="4h")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"strategy": "martingale"}, "UNKNOWN_STRATEGY"),
        ({"timeframe": "2h"}, "TIMEFRAME_UNKNOWN"),
        ({"parameters": {"speed": 1}}, "UNKNOWN_PARAMETER"),
        ({"parameters": {"fast": 40}}, "PARAMETER_OUT_OF_RANGE"),
        ({"symbols": ()}, "INSTRUMENTS_INVALID"),
        ({"symbols": ("BTC/USDT", "BTC/USDT")}, "INSTRUMENTS_INVALID"),
        ({"symbols": ("DEAD/USDT",)}, "INSTRUMENT_NOT_TRADABLE"),
        ({"symbols": ("ETH/USDT",)}, "INSTRUMENT_NOT_TRADABLE"),
        ({"symbols": ("BTC/EUR",)}, "INSTRUMENT_OTHER_QUOTE"),
        ({"protection": {}}, "STOP_LOSS_REQUIRED"),
        ({"sizing": {"mode": "fixed_cost", "cost": "600"}}, "POSITION_SHARE_TOO_LARGE"),
    ],
)
def test_a_config_that_does_not_fit_leaves_nothing_behind(
    bot: Bot, changes: dict, code: str
) -> None:
    with pytest.raises(DeskError) as refused:
        write_config(
            actor=EVA,
            bot_id=bot.id,
            content=replace(CONTENT, **changes),
            reason="x",
            equity=Decimal(1000),
        )
    assert refused.value.code == code
    assert not BotConfig.objects.exists()


@pytest.fixture
def lift(superuser_connection):
    """Put a bot on a stage past the guard, as if it had climbed there."""

    def lift(bot: Bot, stage: str) -> None:
        with superuser_connection.transaction():
            superuser_connection.execute("SET LOCAL session_replication_role = replica")
            superuser_connection.execute(
                "UPDATE bots_bot SET stage = %s WHERE id = %s", [stage, bot.pk]
            )

    return lift


@pytest.mark.django_db(transaction=True)
def test_from_testnet_on_a_config_needs_its_change_request(bot: Bot, lift) -> None:
    lift(bot, "testnet")
    with pytest.raises(DeskError) as refused:
        write_config(actor=EVA, bot_id=bot.id, content=CONTENT, reason="x")
    assert (refused.value.code, refused.value.context["kind"]) == (
        "REQUIRES_CHANGE_REQUEST",
        "bot.config",
    )
    assert not BotConfig.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_demotion_takes_one_person_and_carries_the_config_over(bot: Bot, lift) -> None:
    write_config(actor=EVA, bot_id=bot.id, content=CONTENT, reason="x")
    lift(bot, "testnet")
    place = make_account(venue=bot.account.venue)
    lower = demote(actor=EVA, bot_id=bot.id, to_stage="paper", reason="loses", account_id=place.id)
    assert (lower.stage, lower.account_id, lower.config.number) == ("paper", place.id, 2)
    with pytest.raises(DeskError, match="NOT_A_DEMOTION"):
        demote(actor=EVA, bot_id=bot.id, to_stage="testnet", reason="up")


@pytest.mark.django_db(transaction=True)
def test_a_demotion_orphans_nothing(lift) -> None:
    bot = make_bot(state="stopped")
    lift(bot, "testnet")
    make_order(bot)
    other = make_account(venue=bot.account.venue)
    with pytest.raises(DeskError, match="BOT_IS_ENGAGED"):
        demote(actor=EVA, bot_id=bot.id, to_stage="paper", reason="x", account_id=other.id)
    Bot.objects.filter(pk=bot.pk).update(state="running")
    with pytest.raises(DeskError, match="BOT_IS_ACTIVE"):
        demote(actor=EVA, bot_id=bot.id, to_stage="paper", reason="x", account_id=other.id)
    live = make_account(environment="testnet")
    with pytest.raises(DeskError, match="STAGE_NEEDS_OTHER_ACCOUNT"):
        demote(actor=EVA, bot_id=bot.id, to_stage="paper", reason="x", account_id=live.id)
    with pytest.raises(DeskError, match="REASON_REQUIRED"):
        demote(actor=EVA, bot_id=bot.id, to_stage="paper", reason=" ")
    assert demote(actor=EVA, bot_id=bot.id, to_stage="paper", reason="x").stage == "paper"
