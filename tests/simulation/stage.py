"""Two processes of the desk on one virtual clock, for as many scenarios as one likes."""

from __future__ import annotations

import gc
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.db import connection

from apps.core import bell
from apps.core.clock import from_ms
from apps.marketdata.models import Quote
from apps.marketdata.queries import forget
from apps.venues import gateways
from tests.simulation.border import Border
from tests.simulation.clock import START_MS, VirtualClock
from tests.simulation.faults import Faults
from tests.simulation.processes import VIRTUAL_NOW, Process
from tests.simulation.rows import SPOT, STOP_ONLY, Market, Rows, make_instruments, make_version
from tests.simulation.world import World

# between them the interpreter looks for rubbish: what the desk itself has loaded is none
GC_THRESHOLDS = (50_000, 20, 100)


class Stage:
    """Scenarios follow each other in one database; each has an account of its own."""

    def __init__(self, clock: VirtualClock, processes: tuple[Process, Process]) -> None:
        self.clock = clock
        self.processes = processes
        self.instruments = make_instruments(from_ms(START_MS))
        self.version = make_version(from_ms(START_MS))

    def world(
        self,
        name: str,
        faults: Faults | None = None,
        *,
        market: Market = SPOT,
        protections: tuple[Mapping[str, str], ...] = (STOP_ONLY,),
        border: type[Border] = Border,
    ) -> World:
        self.clock.begin(name)
        for process in self.processes:
            process.again()
            process.cuts = 0
        # prices of a scenario before this one are from the future
        Quote.objects.all().delete()
        rows = Rows(
            name, self.clock.now(), self.instruments, self.version, market, protections
        )  # fmt: skip
        return World(self.clock, self.processes, rows, faults, border)


@contextmanager
def stage() -> Iterator[Stage]:
    """Hold this process on a virtual clock; the database must be one that nobody else uses."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(VIRTUAL_NOW)
    build, rings, is_debug = gateways.build_gateway, bell.async_to_sync, settings.DEBUG
    # nobody hears the bell, and it would start a thread each time; statements are not kept
    bell.async_to_sync = lambda _: lambda *topics: None
    settings.DEBUG = False
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    forget()
    logging.disable(logging.ERROR)
    clock = VirtualClock()
    end_clock = clock.install()
    quiet = warnings.catch_warnings()
    quiet.__enter__()
    # a killed process does not close its connections either
    warnings.simplefilter("ignore", ResourceWarning)
    processes = (Process("worker", clock), Process("other", clock))
    try:
        with processes[0].at_work():
            forget()
        yield Stage(clock, processes)
    finally:
        for process in processes:
            process.end()
        end_clock()
        logging.disable(logging.NOTSET)
        gateways.build_gateway, bell.async_to_sync, settings.DEBUG = build, rings, is_debug
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        gateways._GATEWAYS.clear()
        forget()
        connection.close()
        gc.collect()
        quiet.__exit__(None, None, None)
