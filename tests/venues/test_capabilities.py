"""What each venue can do: one table, enforced, shown, and current in the docs."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command

from apps.venues.domain.capabilities import CAPABILITIES, FEATURES, NotAtThisVenue, demand
from apps.venues.domain.capability_table import columns, markdown, rows
from apps.venues.domain.reports import OrderTicket
from apps.venues.domain.tickets import features_of, guarded
from apps.venues.gateways.families import FAMILIES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "venues.md"


def ticket(**changes: object) -> OrderTicket:
    base = {
        "client_order_id": "c", "symbol": "BTC/USDT", "side": "buy", "type": "market",
        "time_in_force": "GTC", "amount": Decimal(1),
    }  # fmt: skip
    return OrderTicket(**(base | changes))  # type: ignore[arg-type]


def test_the_page_shows_the_table_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert markdown() in PAGE.read_text()
    call_command("venues", "capabilities", "--markdown")
    assert capsys.readouterr().out.strip() == markdown()


def test_every_tradable_family_has_a_row_for_each_of_its_kinds() -> None:
    wanted = {(f.name, kind) for f in FAMILIES.values() if f.trades for kind in f.kinds}
    assert wanted <= set(CAPABILITIES)
    assert all(set(row.features) <= set(FEATURES) for row in CAPABILITIES.values())
    assert all(len(line) == len(columns()) for line in rows())


@pytest.mark.parametrize(
    ("changes", "features"),
    [
        ({}, {"market"}),
        ({"worst_price": Decimal(2)}, {"market", "slippage_guard"}),
        ({"type": "limit", "time_in_force": "FOK"}, {"limit", "FOK"}),
        ({"type": "limit", "post_only": True}, {"limit", "GTC", "post_only"}),
        ({"type": "stop_market", "reduce_only": True}, {"stop_market", "reduce_only"}),
        ({"type": "trailing_stop_market"}, {"trailing_stop_market"}),
    ],
    ids=["market", "guarded", "fok", "post only", "stop", "trailing"],
)
def test_a_ticket_asks_for_what_it_needs(changes: dict[str, object], features: set[str]) -> None:
    assert set(features_of(ticket(**changes))) == features


def test_a_refused_feature_is_named() -> None:
    with pytest.raises(NotAtThisVenue, match="feature=hedge_mode"):
        demand(venue="binance", kind="spot", features=("market", "hedge_mode"))
    with pytest.raises(NotAtThisVenue):
        demand(venue="nowhere", kind="spot", features=("market",))


@pytest.mark.parametrize(("side", "price"), [("buy", "100.1"), ("sell", "100.2")])
def test_a_guard_is_cut_to_the_side_that_is_never_worse(side: str, price: str) -> None:
    sent = guarded(ticket(side=side, worst_price=Decimal("100.15")), price_tick=Decimal("0.1"))
    assert (sent.type, sent.time_in_force, sent.price) == ("limit", "IOC", Decimal(price))
