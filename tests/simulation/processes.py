"""Processes of the desk inside this one: a connection, caches and a loop each; they can die.

A dead process writes nothing more, whatever its `finally` blocks try: its connection refuses. What
it had not committed is rolled back and its locks are free, as when PostgreSQL loses a client.
"""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connections
from psycopg.pq import TransactionStatus

from apps.marketdata.queries import forget
from apps.orders.actions import open_gateway
from apps.risk.actions import permit
from apps.venues import gateways
from apps.venues.gateways import loop
from tests.simulation.clock import InlineLoop, VirtualClock

# `now()` in SQL means the virtual time too
VIRTUAL_NOW = """
CREATE SCHEMA IF NOT EXISTS simulation;
GRANT USAGE ON SCHEMA simulation TO desk_app;
CREATE OR REPLACE FUNCTION simulation.now() RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT coalesce(nullif(current_setting('simulation.now', true), '')::timestamptz,
                       pg_catalog.now()) $$;
"""
SEARCH_PATH = "SET search_path TO simulation, pg_catalog, public"
_WRITES = ("INSERT", "UPDATE", "DELETE", "insert", "update", "delete")


class Crash(BaseException):
    """The process is gone, here and now."""


class Line(psycopg.Connection[Any]):
    """A connection to PostgreSQL that knows whose it is and where commits happen."""

    process: Process | None
    told_ms: int
    has_fact: bool
    is_cut: bool

    @property
    def closed(self) -> bool:
        return self.is_cut or super().closed

    def wait(self, gen, *arguments, **named):
        process = self.process
        if process is None:
            return super().wait(gen, *arguments, **named)
        if process.is_dead:
            gen.close()
            raise Crash
        if self.is_cut:
            gen.close()
            raise psycopg.OperationalError("the connection is closed")
        frame = getattr(gen, "gi_frame", None)
        query = frame.f_locals.get("query") if frame else None
        if not isinstance(query, str):
            return super().wait(gen, *arguments, **named)
        asks_time, has_fact, writes = _about(query)
        if asks_time and self.told_ms != process.clock.ms:
            self._tell_time(process.clock)
        self.has_fact |= has_fact
        if writes and self.autocommit and self.pgconn.transaction_status == TransactionStatus.IDLE:
            return self._committing(lambda: super(Line, self).wait(gen, *arguments, **named))
        return super().wait(gen, *arguments, **named)

    def commit(self) -> None:
        if self.process is None or self.pgconn.transaction_status == TransactionStatus.IDLE:
            super().commit()
        else:
            self._committing(super().commit)

    def close(self) -> None:
        """Cut it off; the server's side is kept for the next process, because a new one is dear."""
        if self.process is None:
            super().close()
        else:
            self.lose()
            self.is_cut = True

    def _committing(self, commit: Any) -> Any:
        has_fact, self.has_fact = self.has_fact, False
        process = self.process
        assert process is not None
        process.before_commit(self)
        result = commit()
        process.after_commit(self, has_fact=has_fact)
        return result

    def _tell_time(self, clock: VirtualClock) -> None:
        self.told_ms = clock.ms
        self._at_once(f"SELECT set_config('simulation.now', '{clock.now()}', false)")

    def lose(self) -> None:
        """Let the server forget this client: rolled back, locks free."""
        if not self.closed:
            self._at_once("ROLLBACK; SELECT pg_advisory_unlock_all()")

    def _at_once(self, statement: str) -> None:
        """Past psycopg, whose lock the caller may hold."""
        self.pgconn.exec_(statement.encode())


@functools.cache
def _about(query: str) -> tuple[bool, bool, bool]:
    """Return whether a statement asks for the time, stores a fact, writes."""
    writes = any(word in query for word in _WRITES)
    return "now()" in query, "INTO orders_venuefact" in query, writes


class Process:
    """One process of the desk. `strike` is asked at each commit what goes wrong there."""

    def __init__(self, name: str, clock: VirtualClock) -> None:
        self.name = name
        self.clock = clock
        self.is_dead = False
        self.was_cut = False
        self.strike = lambda place: ""
        self.cuts = 0
        self._permit: Any = None
        self._opened: list[Any] = []
        self._born()

    def _born(self, line: Line | None = None) -> None:
        self.is_dead = self.was_cut = False
        self.loop = InlineLoop(self.clock)
        self.wrapper = connections.create_connection("default")
        if line is None:
            self.wrapper.ensure_connection()
            line = self.wrapper.connection
            self._opened.append(line)
            line.__class__ = Line
            line.process = None
            line.execute(SEARCH_PATH)
            self.line = line
        else:
            self.wrapper.get_new_connection = self._reconnected
            self.wrapper.ensure_connection()
        self._reconnected({})

    def _reconnected(self, parameters: dict[str, Any]) -> Line:
        line = self.line
        line.process, line.told_ms, line.has_fact, line.is_cut = self, -1, False, False
        return line

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Be the process whose connection, loop, permit and caches the code meets."""
        # first of all: inside a running loop Django keeps other connections than outside
        running = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        pid, held = os.getpid(), permit._held
        outer = (connections["default"], loop._RUNNING.get(pid), held.connection)
        connections["default"] = self.wrapper
        loop._RUNNING[pid] = self.loop
        held.pid, held.connection = pid, self._permit
        try:
            yield
        finally:
            self._permit = held.connection
            if self._permit is not None and self._permit not in self._opened:
                self._opened.append(self._permit)
            connections["default"], held.connection = outer[0], outer[2]
            if outer[1] is None:
                loop._RUNNING.pop(pid, None)
            else:
                loop._RUNNING[pid] = outer[1]
            asyncio._set_running_loop(running)

    def before_commit(self, line: Line) -> None:
        if self.strike("commit") == "cut_commit":
            self.cuts += 1
            if self.cuts % 2:
                self._cut(line)
            line.is_cut_after = True

    def after_commit(self, line: Line, *, has_fact: bool) -> None:
        if line.__dict__.pop("is_cut_after", False):
            self._cut(line)
        if has_fact and self.strike("stored") == "crash_after_store":
            self.die()

    def _cut(self, line: Line) -> None:
        self.was_cut = True
        line.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    def die(self) -> None:
        """End as by SIGKILL."""
        self.line.lose()
        self.is_dead = self.loop.is_dead = True
        raise Crash

    def lose_permit(self) -> None:
        """The server drops the permit of a process that does not move."""
        if permit._held.connection is not None:
            permit._held.connection.close()

    def again(self) -> None:
        """Start a new process in place of one that died or lost its connection: fresh caches."""
        running = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        try:
            self.loop.abandon()
            if self._permit is not None and not self._permit.closed:
                self._permit.rollback()
            self._born(self.line)
        finally:
            asyncio._set_running_loop(running)
        gateways._GATEWAYS.clear()
        open_gateway._OPENED.clear()
        forget()

    def end(self) -> None:
        self.loop.abandon()
        for opened in self._opened:
            opened.__dict__["process"] = None
            opened.close()
