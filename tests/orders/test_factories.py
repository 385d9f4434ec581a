"""The factories give rows that the database accepts."""

from __future__ import annotations

import pytest

from tests.factories import make_bot, make_draft, make_fill, make_order, make_quote, make_target


@pytest.mark.django_db
def test_every_factory_gives_a_row_the_database_accepts():
    bot = make_bot()
    instrument = bot.config.instruments.get().instrument
    order = make_order(bot, status="submitted")
    fill = make_fill(order)
    make_quote(instrument)
    make_target(bot, instrument)
    assert fill.cost == 100
    assert make_draft(bot).bot_id == bot.id == order.bot_id
