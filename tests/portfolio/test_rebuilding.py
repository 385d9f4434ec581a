"""Positions, trips and days can be derived from fills; nothing changes on a healthy desk."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django.core.management import call_command

from apps.portfolio.actions.rebuild_positions import rebuild_positions
from apps.portfolio.models import DailyResult, Position, RoundTrip
from tests.factories import fill_report, make_account, make_bot, make_instrument
from tests.portfolio.stories import bought_and_sold, broken_invariants, sent, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot():
    bot = make_bot(instruments=[make_instrument(symbol="BTC/USDT")])
    bought_and_sold(bot)
    return bot


def books():
    return [
        list(model.objects.order_by("id").values()) for model in (Position, RoundTrip, DailyResult)
    ]


def test_a_healthy_desk_stays_as_it_is(bot, capsys):
    before = books()
    call_command("rebuild_positions", "--json")
    assert json.loads(capsys.readouterr().out)["changed"] == 0
    assert books() == before


def test_what_differs_is_mended(bot):
    right = [[{**row, "updated_at": None, "id": None} for row in rows] for rows in books()]
    Position.objects.update(amount=5, realised_profit=Decimal("0.1"))
    RoundTrip.objects.all().delete()
    DailyResult.objects.update(fees=0)
    summary = rebuild_positions(account_id=bot.account_id)
    assert (len(summary.positions), len(summary.days)) == (1, 1)
    mended = [[{**row, "updated_at": None, "id": None} for row in rows] for rows in books()]
    for rows in (*right, *mended):
        for row in rows:
            row.pop("id")
    assert mended == right
    assert rebuild_positions(account_id=bot.account_id).changed == 0


def test_a_bot_that_moved_holds_on_its_new_account(bot):
    # what it once held, it held on another account
    Position.objects.update(account=make_account())
    order = sent(bot, amount=Decimal(1), leg="moved")
    told(order, fill_report(order, price="100"))
    held = Position.objects.get()
    assert (held.account, held.amount) == (bot.account, 1)
    assert broken_invariants() == {}
    assert rebuild_positions(account_id=bot.account_id).changed == 0


def test_the_command_says_what_it_mended(bot, capsys):
    Position.objects.update(amount=5)
    with pytest.raises(SystemExit) as raised:
        call_command("rebuild_positions", "--account", bot.account.slug)
    assert raised.value.code == 3
    assert "1 changed" in capsys.readouterr().out


def test_a_trip_that_stays_the_same_keeps_its_row(bot):
    trip = RoundTrip.objects.get()
    Position.objects.update(amount=5)
    rebuild_positions(account_id=bot.account_id)
    assert RoundTrip.objects.get().id == trip.id
