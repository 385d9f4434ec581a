"""The WebSocket: who may listen, what is sent, and what happens when things change or end."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from apps.core.bell import aring
from apps.dashboard import consumers, readings
from apps.dashboard.routing import websocket_urlpatterns
from tests.dashboard.conftest import BACKEND, trading_bot
from tests.dashboard.sockets import Socket
from tests.factories import make_quote

# As `tradingdesk.asgi` wraps it, without that module's checks of a server's start.
APPLICATION = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh_readings():
    readings._kept.clear()
    readings._locks.clear()


@sync_to_async
def signed_in(person, *roles: str) -> Client:
    client = Client()
    client.who = person(*roles)
    client.force_login(client.who, backend=BACKEND)
    return client


async def listen(client: Client | None, *, origin: str = "http://localhost") -> Socket:
    headers = [(b"origin", origin.encode()), (b"host", b"localhost")]
    if client is not None:
        headers.append(
            (
                b"cookie",
                f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}".encode(),
            )
        )
    socket = Socket(APPLICATION, headers)
    await socket.connect()
    return socket


async def hear(socket: Socket, kind: str, *, within: float = 8.0) -> dict:
    async with asyncio.timeout(within):
        while True:
            message = await socket.hear(within)
            if message["type"] == kind:
                return message


async def test_a_subscription_begins_with_a_snapshot_and_goes_on_with_differences(person) -> None:
    bot = await sync_to_async(trading_bot)(slug="one")
    socket = await listen(await signed_in(person, "viewer"))
    await socket.tell({"type": "subscribe", "topics": ["fleet"]})
    snapshot = await hear(socket, "snapshot")
    assert snapshot["seq"] == 1
    assert snapshot["data"]["bot.one.total"]["t"] == "▲\u00a0+26.00"
    await sync_to_async(lambda: make_quote(bot.config.instruments.get().instrument, last=120))()
    delta = await hear(socket, "delta")
    assert delta["seq"] == 2
    assert delta["set"]["bot.one.total"]["t"] == "▲\u00a0+46.00"
    assert "@bots" not in delta["set"]
    await socket.leave()


async def test_a_bell_is_answered_within_the_second(person) -> None:
    bot = await sync_to_async(trading_bot)(slug="one")
    socket = await listen(await signed_in(person, "viewer"))
    await socket.tell({"type": "subscribe", "topics": ["bot:one"]})
    await hear(socket, "snapshot")
    await asyncio.sleep(0.6)
    await sync_to_async(lambda: make_quote(bot.config.instruments.get().instrument, last=130))()
    await aring(f"bot:{bot.pk}")
    delta = await hear(socket, "delta", within=0.95)
    assert any(key.endswith(".mark") for key in delta["set"])
    await socket.leave()


async def test_a_topic_beyond_the_role_is_denied_by_name(person) -> None:
    socket = await listen(await signed_in(person, "viewer"))
    await socket.tell({"type": "subscribe", "topics": ["audit", "planets"]})
    denied = await hear(socket, "denied")
    assert (denied["topic"], denied["permission"]) == ("audit", "view_audit")
    assert (await hear(socket, "denied"))["code"] == "TOPIC_UNKNOWN"
    await socket.leave()


async def test_without_a_session_the_socket_closes(db) -> None:
    socket = await listen(None)
    assert socket.accepted
    assert (await socket.receive_output(timeout=5))["code"] == consumers.NOT_SIGNED_IN


async def test_another_origin_is_refused(person) -> None:
    socket = await listen(await signed_in(person, "viewer"), origin="https://elsewhere.example")
    assert not socket.accepted


@pytest.mark.parametrize("loss", ["role", "session", "person"])
async def test_what_is_taken_away_ends_while_the_socket_is_open(person, monkeypatch, loss) -> None:
    monkeypatch.setattr(consumers, "RIGHTS_SECONDS", 0.3)
    client = await signed_in(person, "viewer")
    socket = await listen(client)
    await socket.tell({"type": "subscribe", "topics": ["frame"]})
    await hear(socket, "snapshot")

    def take() -> None:
        if loss == "role":
            client.who.groups.clear()
        elif loss == "session":
            Session.objects.all().delete()
        else:
            type(client.who).objects.filter(pk=client.who.pk).update(is_active=False)

    await sync_to_async(take)()
    if loss == "role":
        assert (await hear(socket, "denied"))["topic"] == "frame"
    else:
        async with asyncio.timeout(5):
            while (message := await socket.receive_output())["type"] != "websocket.close":
                pass
        assert message["code"] == consumers.NOT_SIGNED_IN
    await socket.leave()


async def test_the_heartbeat_tells_the_numbers_so_that_a_lost_message_is_noticed(
    person, monkeypatch
) -> None:
    monkeypatch.setattr(consumers, "HEARTBEAT_SECONDS", 0.3)
    socket = await listen(await signed_in(person, "viewer"))
    await socket.tell({"type": "subscribe", "topics": ["frame"]})
    beat = await hear(socket, "heartbeat")
    assert beat["seqs"] == {"frame": 1}
    await socket.leave()


@pytest.mark.parametrize(
    "text", ["{", "[]", '"x"', '{"type": "subscribe"}', '{"type": "halt", "topics": []}']
)
async def test_nonsense_is_answered_and_the_socket_stays(person, text) -> None:
    socket = await listen(await signed_in(person, "viewer"))
    await socket.tell(text)
    assert (await hear(socket, "error"))["code"] == "MESSAGE_UNKNOWN"
    await socket.tell({"type": "subscribe", "topics": ["frame"]})
    await hear(socket, "snapshot")
    await socket.leave()
