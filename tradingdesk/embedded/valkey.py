"""The embedded Valkey (speaks the Redis protocol): starts, gets ready, stops."""

from __future__ import annotations

import signal
import subprocess
import time
from itertools import chain

import redis

from tradingdesk.embedded.access import Access
from tradingdesk.embedded.binaries import valkey_program
from tradingdesk.embedded.postgres import ServerError
from tradingdesk.supervisor.parentage import bound_to_parent

_SETTINGS = {
    "--port": "0",
    "--unixsocketperm": "700",
    "--daemonize": "no",
    "--databases": "16",
    "--maxmemory": "256mb",
    "--maxmemory-policy": "noeviction",
    "--save": "",
}


class Valkey:
    """One embedded Valkey server, a child of this process."""

    name = "redis"

    def __init__(self, access: Access, *, careless: bool = False) -> None:
        self.access = access
        self.data = access.home / "valkey"
        self.log = access.logs / "redis.log"
        self.durability = ["no"] if careless else ["yes", "--appendfsync", "everysec"]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, timeout_seconds: float = 30.0) -> None:
        """Start and return when it answers. :raises ServerError: it ended or stays silent."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        command = [valkey_program(), *chain(*_SETTINGS.items()), "--dir", str(self.data)]
        command += ["--unixsocket", str(self.access.redis_socket), "--appendonly", *self.durability]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.access.home,
                process_group=0,
                preexec_fn=bound_to_parent(signal.SIGTERM),  # noqa: PLW1509 - the parent forks single-threaded
            )
        self._wait(timeout_seconds)

    def stop(self, timeout_seconds: float = 4.0) -> None:
        """Stop; the append-only file is flushed first."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _wait(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        client = redis.Redis(unix_socket_path=str(self.access.redis_socket))
        while True:
            try:
                client.ping()
            except redis.RedisError as error:
                ended = self.process is None or self.process.poll() is not None
                if ended or time.monotonic() > deadline:
                    self.stop()
                    raise ServerError(f"Valkey did not start: {error} (see {self.log}).") from error
                time.sleep(0.02)
            else:
                client.close()
                return
