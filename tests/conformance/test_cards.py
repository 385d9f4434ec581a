"""Every acceptance card against the simulated exchange over HTTP, spot and perpetual."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from apps.golive.cards import CARDS
from apps.golive.cards.bench import Bench
from apps.golive.cards.runner import Outcome, run
from apps.venues.domain.reports import Credentials
from apps.venues.gateways import build_gateway
from apps.venues.gateways.exchanges import forget_markets
from tests.fixtures.perpetuals import futures_account, perpetuals
from tests.fixtures.simulator import Simulator, simulator

__all__ = ["perpetuals", "simulator"]
NOT_HERE = {
    "spot": {"not for spot", "done by the desk"},
    "linear": {"not for linear", "oco is done by the desk"},
}


async def outcomes(running: Simulator, access: Credentials, symbol: str) -> list[Outcome]:
    gateway = build_gateway(access)

    async def arm(body: dict[str, Any]) -> None:
        await asyncio.to_thread(
            running.control, "POST", "faults", {"account": access.account_id} | body
        )

    async def forward() -> None:
        await asyncio.to_thread(running.control, "POST", "advance", {})

    rules = next(r for r in await gateway.instruments() if r.symbol == symbol)
    bench = Bench(
        gateway, rules, other=lambda s: build_gateway(dataclasses.replace(access, api_secret=s)),
        faults=arm, forward=forward,
    )  # fmt: skip
    # the market moves only for the last
    cards = sorted(CARDS, key=lambda card: (card.forward, card.number))
    try:
        return [outcome async for outcome in run(bench, cards)]
    finally:
        await gateway.close()


def shown(found: list[Outcome], kind: str, least: int) -> None:
    failed = [f"{o.card} {o.name}: {o.detail}" for o in found if o.result == "failed"]
    assert failed == []
    skipped = [o.detail for o in found if o.result == "skipped"]
    assert all(any(word in why for word in NOT_HERE[kind]) for why in skipped), skipped
    assert sum(o.result == "passed" for o in found) >= least


def test_there_are_at_least_61_cards_numbered_without_a_gap() -> None:
    assert len(CARDS) >= 61
    assert [card.number for card in CARDS] == list(range(1, len(CARDS) + 1))
    assert len({card.name for card in CARDS}) == len(CARDS)
    assert all(card.proves.endswith(".") for card in CARDS)


async def test_all_cards_pass_on_spot(
    simulator: Simulator, settings: Any, redis_server: object
) -> None:
    settings.SIMULATOR_URL = simulator.url
    forget_markets()
    account = simulator.account("cards-spot")
    access = Credentials(
        "cards-spot", "binance", "simulated", account["api_key"], account["secret"]
    )
    shown(await outcomes(simulator, access, "BTC/USDT"), "spot", 61)


async def test_all_cards_pass_on_perpetuals(
    perpetuals: Simulator, settings: Any, redis_server: object
) -> None:
    settings.SIMULATOR_URL = perpetuals.url
    forget_markets()
    account = futures_account(perpetuals, "cards-linear")
    access = Credentials(
        "cards-linear", "binanceusdm", "simulated", account["api_key"], account["secret"]
    )
    shown(await outcomes(perpetuals, access, "BTC/USDT:USDT"), "linear", 61)
