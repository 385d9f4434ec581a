"""A bot's state moves along the table, by a named person, with a reason, and once."""

from __future__ import annotations

import pytest

from apps.audit.models import AuditEvent
from apps.bots.actions.archive import archive
from apps.bots.actions.create_bot import create_bot
from apps.bots.actions.fail import fail
from apps.bots.actions.pause import pause
from apps.bots.actions.resume import resume
from apps.bots.actions.start import start
from apps.bots.actions.stop import stop
from apps.bots.actions.write_config import write_config
from apps.bots.domain.configs import ConfigContent
from apps.bots.models import Bot, BotRun
from apps.core.actor import Actor
from apps.core.errors import DeskError
from apps.strategies.actions.sync_catalogue import sync_catalogue
from tests.factories import make_account, make_instrument, make_order

pytestmark = pytest.mark.django_db
ANNA = Actor("person", "7", "Anna", "operator")


@pytest.fixture
def bot() -> Bot:
    sync_catalogue()
    account = make_account()
    make_instrument(venue=account.venue, environment=account.environment, symbol="BTC/USDT")
    bot = create_bot(actor=ANNA, slug="first", name="First", account_id=account.id)
    content = ConfigContent(
        "sma_cross",
        "1h",
        ("BTC/USDT",),
        {"mode": "fixed_cost", "cost": "100"},
        {"stop_loss": "0.05"},
    )
    write_config(actor=ANNA, bot_id=bot.id, content=content, reason="first")
    return bot


def test_the_whole_life_of_a_bot_is_in_the_audit(bot: Bot) -> None:
    start(actor=ANNA, bot_id=bot.id, reason="go")
    pause(actor=ANNA, bot_id=bot.id, reason="lunch")
    resume(actor=ANNA, bot_id=bot.id, reason="back")
    fail(actor=Actor.task("trading"), bot_id=bot.id, reason="STRATEGY_FAILED")
    start(actor=ANNA, bot_id=bot.id, reason="again")
    stop(actor=ANNA, bot_id=bot.id, reason="done")
    archived = archive(actor=ANNA, bot_id=bot.id, reason="old")
    assert (archived.state, archived.archived_at is not None) == ("stopped", True)
    events = AuditEvent.objects.filter(object_type="bots_bot").order_by("seq")
    assert [(e.verb, e.actor_name, e.reason) for e in events] == [
        ("bot.create", "Anna", ""), ("bot.write_config", "Anna", "first"),
        ("bot.start", "Anna", "go"), ("bot.pause", "Anna", "lunch"), ("bot.resume", "Anna", "back"),
        ("bot.fail", "trading", "STRATEGY_FAILED"), ("bot.start", "Anna", "again"),
        ("bot.stop", "Anna", "done"), ("bot.archive", "Anna", "old"),
    ]  # fmt: skip
    runs = BotRun.objects.order_by("started_at").values_list("end_reason", flat=True)
    assert list(runs) == ["STRATEGY_FAILED", "done"]


@pytest.mark.parametrize("verb", [pause, resume, stop, fail])
def test_a_draft_can_only_be_started(bot: Bot, verb) -> None:
    with pytest.raises(DeskError, match="BOT_ILLEGAL_STEP"):
        verb(actor=ANNA, bot_id=bot.id, reason="x")
    assert Bot.objects.get().state == "draft"
    assert not BotRun.objects.exists()


def test_a_stopped_bot_is_not_resumed_and_an_archived_one_not_started(bot: Bot) -> None:
    start(actor=ANNA, bot_id=bot.id)
    stop(actor=ANNA, bot_id=bot.id)
    with pytest.raises(DeskError, match="BOT_ILLEGAL_STEP"):
        resume(actor=ANNA, bot_id=bot.id)
    archive(actor=ANNA, bot_id=bot.id)
    with pytest.raises(DeskError, match="BOT_ARCHIVED"):
        start(actor=ANNA, bot_id=bot.id)


def test_starting_without_a_config_is_refused() -> None:
    bare = create_bot(actor=ANNA, slug="bare", name="Bare", account_id=make_account().id)
    with pytest.raises(DeskError, match="BOT_HAS_NO_CONFIG"):
        start(actor=ANNA, bot_id=bare.id)


def test_starting_code_other_than_the_pinned_is_refused(bot: Bot, monkeypatch) -> None:
    monkeypatch.setattr("apps.bots.actions.start.source_hash", lambda name: "0" * 64)
    with pytest.raises(DeskError, match="STRATEGY_VERSION_DIFFERS"):
        start(actor=ANNA, bot_id=bot.id)


def test_stop_with_exits_only_waits_until_the_bot_is_flat(bot: Bot) -> None:
    start(actor=ANNA, bot_id=bot.id)
    bot.refresh_from_db()
    make_order(bot)
    leaving = stop(actor=ANNA, bot_id=bot.id, mode="exits_only", reason="leave")
    assert (leaving.state, leaving.stop_when) == ("paused", "flat")
    back = resume(actor=ANNA, bot_id=bot.id)
    assert (back.state, back.stop_when) == ("running", "")
    pause(actor=ANNA, bot_id=bot.id)
    assert stop(actor=ANNA, bot_id=bot.id, mode="exits_only").stop_when == "flat"


def test_stop_with_exits_only_of_a_free_bot_is_a_stop(bot: Bot) -> None:
    start(actor=ANNA, bot_id=bot.id)
    assert stop(actor=ANNA, bot_id=bot.id, mode="exits_only").state == "stopped"
    with pytest.raises(DeskError, match="STOP_MODE_UNKNOWN"):
        stop(actor=ANNA, bot_id=bot.id, mode="panic")


def test_an_engaged_bot_is_not_archived(bot: Bot) -> None:
    bot.refresh_from_db()
    make_order(bot)
    with pytest.raises(DeskError, match="BOT_IS_ENGAGED"):
        archive(actor=ANNA, bot_id=bot.id)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"slug": "First Bot"}, "SLUG_INVALID"),
        ({"name": " "}, "NAME_REQUIRED"),
        ({"slug": "first"}, "SLUG_TAKEN"),
        ({"account_id": "00000000-0000-0000-0000-000000000000"}, "UNKNOWN_ACCOUNT"),
    ],
)
def test_a_bot_that_cannot_be_made_says_why(bot: Bot, values: dict, code: str) -> None:
    words = {"slug": "second", "name": "Second", "account_id": bot.account_id}
    with pytest.raises(DeskError) as refused:
        create_bot(actor=ANNA, **words | values)
    assert refused.value.code == code
    assert Bot.objects.count() == 1


def test_a_bot_begins_on_a_simulated_account() -> None:
    with pytest.raises(DeskError, match="STAGE_NEEDS_OTHER_ACCOUNT"):
        create_bot(
            actor=ANNA, slug="x", name="X", account_id=make_account(environment="testnet").id
        )
