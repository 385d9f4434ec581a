"""The web process: HTTP by Django, live topics by Channels."""

from __future__ import annotations

import gc
import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

from tradingdesk.embedded import configure_environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingdesk.settings")
configure_environment(["asgi"])
django_application = get_asgi_application()

from apps.dashboard.routing import websocket_urlpatterns  # noqa: E402 - needs Django's apps loaded
from apps.ops.checks import refuse_unsafe_start  # noqa: E402

refuse_unsafe_start()

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
        ),
    }
)
gc.freeze()
