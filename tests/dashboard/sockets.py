"""A WebSocket client against the ASGI application, without a server."""

from __future__ import annotations

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator


class Socket(ApplicationCommunicator):
    """One connection; `accepted` says how the handshake ended."""

    accepted = False

    def __init__(self, application: Any, headers: list[tuple[bytes, bytes]]) -> None:
        scope = {
            "type": "websocket", "path": "/ws/v1/", "query_string": b"", "headers": headers, "subprotocols": [],
        }  # fmt: skip
        super().__init__(application, scope)

    async def connect(self) -> None:
        """Shake hands."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(timeout=5)
        self.accepted = answer["type"] == "websocket.accept"

    async def tell(self, message: Any) -> None:
        """Send JSON, or text as it is."""
        text = message if isinstance(message, str) else json.dumps(message)
        await self.send_input({"type": "websocket.receive", "text": text})

    async def hear(self, within: float = 8.0) -> Any:
        """Return the next JSON message."""
        answer = await self.receive_output(timeout=within)
        assert answer["type"] == "websocket.send", answer
        return json.loads(answer["text"])

    async def leave(self) -> None:
        """Close from the client's side."""
        await self.send_input({"type": "websocket.disconnect", "code": 1005})
        await self.wait(5)
