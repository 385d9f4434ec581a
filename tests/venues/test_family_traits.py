"""What is particular to one venue: lists by symbol, fees in quote, contracts, what else is signed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from apps.orders.domain.proof import HORIZONS
from apps.venues.gateways.errors import NeverSent, OutcomeUnknown
from apps.venues.gateways.gateway import Gateway
from tests.venues.replay import FIXTURES, OURS, ReplayVenue, response, ticket

pytestmark = pytest.mark.skipif(not FIXTURES.exists(), reason=f"no recordings below {FIXTURES}")


@pytest.mark.parametrize("replay", ["kucoin"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({}, "/api/v1/hf/orders", {"type": "limit", "price": "0.5", "size": "10"}),
        ({"type": "market", "price": None}, "/api/v1/hf/orders", {"type": "market", "size": "10"}),
        ({"post_only": True}, "/api/v1/hf/orders", {"postOnly": True}),
        ({"time_in_force": "FOK"}, "/api/v1/hf/orders", {"timeInForce": "FOK"}),
        ({"type": "stop_market", "side": "sell", "price": None, "stop_price": Decimal("0.4")},
         "/api/v1/stop-order", {"stop": "loss", "stopPrice": "0.4", "type": "market"}),
        ({"type": "take_profit_limit", "side": "sell", "stop_price": Decimal("0.6")},
         "/api/v1/stop-order", {"stop": "entry", "stopPrice": "0.6", "price": "0.5"}),
        ({"type": "stop_limit", "stop_price": Decimal("0.6")},
         "/api/v1/stop-order", {"stop": "entry", "stopPrice": "0.6"}),
    ],
    ids=["limit", "market", "post only", "fok", "stop", "target", "buy stop"],
)  # fmt: skip
async def test_orders_of_kucoin_go_to_their_list_without_a_partner(
    replay: ReplayVenue, changes: dict[str, Any], path: str, words: dict[str, Any], trader: Gateway
) -> None:
    replay.will(path, 200, response("kucoin", "rest_hf", "place_order"))
    base = {"amount": Decimal(10), "price": Decimal("0.5")}
    report = await trader.create_order(ticket("XLM/USDT", **(base | changes)))
    (sent,) = replay.asked(path)
    assert words.items() <= sent.params.items()
    assert sent.params["clientOid"] == OURS
    assert report.venue_order_id == "5bd6e9286d99522a52e458de"
    assert not any("PARTNER" in name.upper() for head in replay.heads for name in head)


@pytest.mark.parametrize("replay", ["kucoin"], indirect=True)
async def test_open_orders_of_kucoin_are_listed_by_symbol_and_stops_beside_them(
    replay: ReplayVenue, trader: Gateway
) -> None:
    row = response("kucoin", "rest_hf", "get_open_orders")["data"][0] | {"symbol": "XLM-USDT"}
    stop = response("kucoin", "rest", "get_stop_orders")
    stop["data"]["items"][0]["symbol"] = "XLM-USDT"
    replay.will("/api/v1/hf/orders/active/symbols", 200,
                {"code": "200000", "data": {"symbols": ["XLM-USDT"]}})  # fmt: skip
    replay.will("/api/v1/hf/orders/active", 200, {"code": "200000", "data": [row]})
    replay.will("/api/v1/stop-order", 200, stop)
    for symbol in (None, "XLM/USDT"):
        found = await trader.open_orders(symbol)
        assert sorted(order.type for order in found) == ["limit", "take_profit_limit"]
        assert {order.symbol for order in found} == {"XLM/USDT"}


@pytest.mark.parametrize("replay", ["kraken"], indirect=True)
async def test_fills_of_kraken_are_those_of_the_symbol_with_a_fee_in_quote(
    replay: ReplayVenue, trader: Gateway
) -> None:
    replay.will("/0/private/TradesHistory", 200, response("kraken", "rest", "get_user_trades"))
    fills = await trader.fills("BTC/USD", since_ms=1688660000000)
    assert [fill.amount for fill in fills] == [Decimal("0.01"), Decimal("0.02")]
    assert {fill.fee_asset for fill in fills} == {"USD"}
    assert await trader.fills("ETH/USD", since_ms=1688660000000) == []


@pytest.mark.parametrize("replay", ["okx"], indirect=True)
async def test_positions_of_okx_are_in_base_units(replay: ReplayVenue, trader: Gateway) -> None:
    (row,) = response("okx", "rest", "get_account_positions")["data"]
    row |= {"instId": "BTC-USDT-SWAP", "instType": "SWAP", "pos": "3", "posSide": "net"}
    replay.will("/api/v5/account/positions", 200, {"code": "0", "data": [row]})
    size = next(r.contract_size for r in await trader.instruments() if r.symbol == "BTC/USDT:USDT")
    (found,) = await trader.positions()
    assert (found.symbol, found.amount) == ("BTC/USDT:USDT", 3 * size)
    assert size < 1


@pytest.mark.parametrize("replay", ["hyperliquid"], indirect=True)
async def test_nothing_but_the_order_is_signed_at_hyperliquid(
    replay: ReplayVenue, trader: Gateway
) -> None:
    placed = {"status": "ok", "response": {"data": {"statuses": [{"resting": {"oid": 7}}]}}}
    replay.will("/exchange", 200, placed)
    at_ms = 1_700_000_000_000
    await trader.create_order(
        ticket("BTC/USDC:USDC", amount=Decimal("0.01"), price=Decimal(50000)), permit_at_ms=at_ms
    )
    (sent,) = replay.asked("/exchange")
    assert sent.params["expiresAfter"] == at_ms + 4000
    assert sent.params["action"]["orders"][0]["c"] == f"0x{OURS}"
    assert "builder" not in sent.params["action"]
    with pytest.raises(NeverSent, match="NOT_AT_THIS_VENUE"):
        await trader.create_order(
            ticket("BTC/USDC:USDC", type="trailing_stop_market", amount=Decimal("0.01"),
                   price=None, trailing_rate=Decimal("0.01"))
        )  # fmt: skip


@pytest.mark.parametrize("replay", ["kraken", "hyperliquid"], indirect=True)
async def test_the_window_of_the_proof_is_signed_into_every_order(
    replay: ReplayVenue, trader: Gateway
) -> None:
    at_ms, seconds = 1_700_000_000_000, HORIZONS[replay.venue].window
    until = datetime.fromtimestamp(at_ms / 1000 + seconds, tz=UTC)
    for type_ in ("limit", "stop_market"):
        terms = {"price": None, "stop_price": Decimal(60000)} if type_ == "stop_market" else {}
        symbol = "BTC/USDC:USDC" if replay.venue == "hyperliquid" else "BTC/USD"
        path = "/exchange" if replay.venue == "hyperliquid" else "/0/private/AddOrder"
        replay.will(path, 500, {})
        with pytest.raises(OutcomeUnknown):
            await trader.create_order(
                ticket(symbol, **({"type": type_, "amount": Decimal("0.01"), "price": Decimal(50000)} | terms)),
                permit_at_ms=at_ms,
            )  # fmt: skip
        words = replay.asked(path)[-1].params
        if replay.venue == "kraken":
            assert datetime.fromisoformat(words["deadline"]) == until
        else:
            assert words["expiresAfter"] == at_ms + seconds * 1000
