"""The process: one event loop that serves the dialect, the streams and the control face."""

from __future__ import annotations

import asyncio
import gc
import signal
from dataclasses import dataclass

import structlog
from aiohttp import web

from apps.simulator import replay
from apps.simulator.exchange import Exchange
from apps.simulator.face.control import Control
from apps.simulator.face.faults import Faults
from apps.simulator.face.futures.audience import Everybody
from apps.simulator.face.futures.hub import FuturesHub
from apps.simulator.face.futures.sockets import FuturesSockets
from apps.simulator.face.hub import Hub
from apps.simulator.face.limits import WeightMeter
from apps.simulator.face.rest import Rest, cut_off, report_failures
from apps.simulator.face.sockets import Sockets
from apps.simulator.gateways.store import Store
from apps.simulator.random_market import open_random

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, what the control face demands, and the weight each address may use."""

    host: str
    port: int
    token: str
    weight_limit: int


def application(exchange: Exchange, address: Address) -> tuple[web.Application, Hub]:
    """Return the web application of an exchange and its hub."""
    faults = Faults()
    hub = Hub(exchange, faults)
    futures = FuturesHub(exchange, faults)
    hub.others.append(futures)
    exchange.audience, exchange.contracts.audience = Everybody(hub, futures), futures
    rest = Rest(exchange, faults, WeightMeter(address.weight_limit))
    app = web.Application(middlewares=[cut_off(faults, exchange), report_failures])
    app.add_routes(rest.routes())
    app.add_routes(Sockets(exchange, hub, rest.listen_keys).routes())
    app.add_routes(FuturesSockets(exchange, futures, rest.listen_keys).routes())
    app.add_routes(Control(exchange, hub, faults, address.token).routes())
    return app, hub


@dataclass(frozen=True, slots=True)
class RandomTerms:
    """Seed and pace of the random market that a new exchange starts with."""

    seed: int
    speed: float


async def serve(dsn: str, address: Address, random: RandomTerms | None = None) -> None:
    """Open the books, resume the market, serve until SIGTERM or SIGINT.

    `random` starts the random market unless the database holds a market already.
    """
    store = await Store.open(dsn)
    exchange = await Exchange.open(store)
    market = await store.market()
    app, hub = application(exchange, address)
    journal = asyncio.create_task(exchange.journal.run(), name="journal")
    tasks = {journal, asyncio.create_task(_told_to_stop(), name="signal")}
    if market is not None and market[0] == replay.KIND:
        replay.resume_replay(exchange, market[1], market[2])
    elif market is not None or random is not None:
        terms = random or RandomTerms(seed=0, speed=1.0)
        spec = market[1] if market else None
        feed = await open_random(exchange, spec, seed=terms.seed, speed=terms.speed)
        tasks.add(asyncio.create_task(feed.run(), name="feed"))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    await web.TCPSite(runner, address.host, address.port, reuse_address=True).start()
    log.info("simulator_ready", host=address.host, port=address.port)
    gc.freeze()
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await hub.close()
    await runner.cleanup()
    for task in tasks - {journal}:
        task.cancel()
    if journal not in done:
        await exchange.journal.close(journal)
    await store.close()
    for task in done:
        task.result()


async def _told_to_stop() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
