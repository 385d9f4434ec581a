"""The live channel's address; its permission is each topic's (`topics.TOPICS`)."""

from __future__ import annotations

from django.urls import path

from apps.dashboard.consumers import DeskConsumer

websocket_urlpatterns = [path("ws/v1/", DeskConsumer.as_asgi())]
