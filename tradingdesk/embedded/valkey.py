"""The embedded Valkey (speaks the Redis protocol): starts, gets ready, stops."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from itertools import chain

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
        while not self._answers():
            if self.process is None or self.process.poll() is not None:
                self.stop()
                raise ServerError(f"Valkey ended while starting; see {self.log}.")
            if time.monotonic() > deadline:
                self.stop()
                raise ServerError(f"Valkey gives no answer; see {self.log}.")
            time.sleep(0.02)

    def _answers(self) -> bool:
        """Ask by hand: the client library would cost the keeper 20 MB."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(2)
            try:
                line.connect(str(self.access.redis_socket))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
            except OSError:
                return False
