"""Are the ports free? Asked before anything is started."""

from __future__ import annotations

import socket
from collections.abc import Mapping


def taken_port_sentence(wanted: Mapping[str, int], *, host: str = "127.0.0.1") -> str | None:
    """Return one sentence with the fix when a port (variable → number) is taken, else None."""
    for variable, port in wanted.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                free = _free_port(near=port, host=host)
                return (
                    f"Port {port} is taken by another program; choose another one, "
                    f"for example: {variable}={free} make run"
                )
    return None


def _free_port(*, near: int, host: str) -> int:
    for port in range(near + 10, near + 200, 10):
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    return near + 10
