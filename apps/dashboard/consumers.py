"""The live channel: subscribe → snapshot → deltas; a bell says look again, the database says what."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import DatabaseError

from apps.core.bell import GROUP
from apps.core.clock import now
from apps.dashboard.domain.live import difference
from apps.dashboard.listeners import permissions_now
from apps.dashboard.readings import read_topic
from apps.dashboard.topics import TOPICS, split

log = structlog.get_logger(__name__)
# The numbers of the topics go out this often: whoever lost a message notices within a second or two.
HEARTBEAT_SECONDS: Final = 1.0
RIGHTS_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.25
TOPICS_MAX: Final = 12
NOT_SIGNED_IN: Final = 4401
TOO_MUCH: Final = 4408


@dataclass(slots=True)
class Subscription:
    """What one socket was last sent of one topic."""

    kind: str
    seq: int = 0
    sent: dict[str, Any] = field(default_factory=dict)
    looked_at: float = 0.0
    rung_at: float = 0.0


class DeskConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """One socket of one signed-in person."""

    groups = (GROUP,)

    async def connect(self) -> None:
        """Accept a person who is signed in."""
        self.subscriptions: dict[str, Subscription] = {}
        self.permissions = await permissions_now(self.scope)
        self.watch: asyncio.Task[None] | None = None
        await self.accept()
        if self.permissions is None:
            await self.close(code=NOT_SIGNED_IN)
            return
        self.watch = asyncio.create_task(self._watch())

    async def disconnect(self, code: int) -> None:
        """Stop looking."""
        if self.watch is not None:
            self.watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.watch

    @classmethod
    async def decode_json(cls, text_data: str) -> Any:
        """Return the message, or nothing when it is no JSON."""
        try:
            return await super().decode_json(text_data)
        except ValueError:
            return None

    async def receive_json(self, content: Any, **_: Any) -> None:
        """Take `subscribe` and `unsubscribe`; anything else is answered with an error."""
        verb = content.get("type") if isinstance(content, dict) else None
        topics = content.get("topics") if isinstance(content, dict) else None
        if verb not in {"subscribe", "unsubscribe"} or not isinstance(topics, list):
            await self.send_json({"type": "error", "code": "MESSAGE_UNKNOWN"})
            return
        if len(topics) > TOPICS_MAX:
            await self.close(code=TOO_MUCH)
            return
        for name in topics:
            if verb == "unsubscribe":
                self.subscriptions.pop(str(name), None)
            else:
                await self._subscribe(str(name))

    async def bell_rang(self, event: dict[str, Any]) -> None:
        """Look again soon at what rang; a bell about any bot or order may move every topic."""
        for subscription in self.subscriptions.values():
            subscription.rung_at = time.monotonic()

    async def _subscribe(self, name: str) -> None:
        found = split(name)
        if found is None or len(self.subscriptions) >= TOPICS_MAX:
            await self.send_json({"type": "denied", "topic": name, "code": "TOPIC_UNKNOWN"})
            return
        permission = TOPICS[found[0]].permission
        if permission not in (self.permissions or ()):
            await self._deny(name, permission)
            return
        at, content = await read_topic(name)
        seq = self.subscriptions[name].seq + 1 if name in self.subscriptions else 1
        self.subscriptions[name] = Subscription(found[0], seq, content, time.monotonic())
        await self.send_json(
            {"type": "snapshot", "topic": name, "seq": seq, "at": at, "data": content}
        )

    async def _deny(self, name: str, permission: str) -> None:
        await self.send_json(
            {"type": "denied", "topic": name, "code": "NOT_PERMITTED", "permission": permission}
        )

    async def _watch(self) -> None:
        """Look at the topics, beat, and check the person's rights again, until the socket closes."""
        beaten = asked = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                for name, subscription in list(self.subscriptions.items()):
                    await self._look(name, subscription)
                if time.monotonic() - beaten >= HEARTBEAT_SECONDS:
                    beaten = time.monotonic()
                    await self._beat()
                if time.monotonic() - asked >= RIGHTS_SECONDS:
                    asked = time.monotonic()
                    await self._check_rights()
            except DatabaseError as error:
                # The page shows the silence as its age; the next look tries again.
                log.warning("live.unreadable", error=str(error))
                await asyncio.sleep(1)

    async def _look(self, name: str, subscription: Subscription) -> None:
        topic, waited = TOPICS[subscription.kind], time.monotonic() - subscription.looked_at
        rung = subscription.rung_at > subscription.looked_at
        if waited < topic.every_seconds or not (rung or waited >= topic.unrung_seconds):
            return
        subscription.looked_at = time.monotonic()
        at, content = await read_topic(name, since=subscription.rung_at)
        if self.subscriptions.get(name) is not subscription:
            return
        changed = difference(before=subscription.sent, after=content)
        if changed:
            subscription.seq += 1
            subscription.sent = content
            await self.send_json(
                {"type": "delta", "topic": name, "seq": subscription.seq, "at": at, "set": changed}
            )

    async def _beat(self) -> None:
        seqs = {name: subscription.seq for name, subscription in self.subscriptions.items()}
        await self.send_json({"type": "heartbeat", "at": now().isoformat(), "seqs": seqs})

    async def _check_rights(self) -> None:
        """End what the person may no longer see, and the socket with the session."""
        self.permissions = await permissions_now(self.scope)
        if self.permissions is None:
            await self.close(code=NOT_SIGNED_IN)
            return
        for name, subscription in list(self.subscriptions.items()):
            permission = TOPICS[subscription.kind].permission
            if permission not in self.permissions:
                del self.subscriptions[name]
                await self._deny(name, permission)
