"""Asks the web process whether the desk is ready."""

from __future__ import annotations

import asyncio


async def status_of(
    port: int, path: str = "/readyz", *, timeout_seconds: float = 20.0
) -> int | None:
    """Return the HTTP status of ``path`` on the loopback, None while nothing answers."""
    try:
        return await asyncio.wait_for(_ask(port, path), timeout_seconds)
    except (OSError, TimeoutError, ValueError, IndexError):
        return None


async def _ask(port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
