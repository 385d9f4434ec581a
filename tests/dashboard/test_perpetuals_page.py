"""A short on margin on the positions page, the bot's page and in the API."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.core.clock import now
from apps.portfolio.models import Position, VenuePosition
from tests.factories import make_account, make_bot, make_perpetual, make_quote

pytestmark = pytest.mark.django_db
D = Decimal


def test_a_short_shows_its_side_margin_liquidation_and_funding(as_role) -> None:
    account, perpetual = make_account(venue="binanceusdm"), make_perpetual()
    sizing = {"mode": "fixed_cost", "cost": "100", "leverage": "4", "sides": "both"}
    bot = make_bot(account=account, instruments=[perpetual], config={"sizing": sizing})
    Position.objects.create(
        account=account, bot=bot, instrument=perpetual, amount=D(-2), basis=D(-200),
        funding=D("1.5"), updated_at=now(),
    )  # fmt: skip
    make_quote(perpetual, last=91, mark=D(90))
    VenuePosition.objects.create(
        account=account, instrument=perpetual, amount=D("-2.5"), mark_price=D(90),
        liquidation_price=D(120), leverage=D(4), at=now(), observed_at=now(),
    )  # fmt: skip
    client = as_role("operator", "auditor")
    page = client.get("/positions/").content.decode()
    for words in (
        "short 4× cross", "120.0 (33.3 %)", "45.00", "−180.00", "gross 180.00", "+20.00", "+1.50",
        "Not ours:", "−2.500 BTC at the venue, −2.000 ours", "By bot", "By venue", "By asset",
    ):  # fmt: skip
        assert words in page, words
    assert "short 4× cross" in client.get(f"/bots/{bot.slug}/").content.decode()
    [row] = client.get("/api/v1/positions/").json()["results"]
    assert (row["side"], row["kind"], row["funding"]) == ("short", "linear", "1.5")
    assert (row["liquidation_price"], row["mark_price"], row["leverage"]) == ("120", "90", "4")
