"""Note that a process lives."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings

from apps.core.clock import now
from apps.ops.models import Heartbeat


def beat_heart(*, name: str, detail: dict[str, Any] | None = None) -> None:
    """Write the sign of life of the process `name`; `started_at` moves when its pid changes."""
    moment, pid = now(), os.getpid()
    values: dict[str, Any] = {"at": moment, "build": settings.BUILD, "detail": detail or {}}
    if Heartbeat.objects.filter(name=name, pid=pid).update(**values):
        return
    Heartbeat.objects.update_or_create(
        name=name, defaults=values | {"pid": pid, "started_at": moment}
    )
