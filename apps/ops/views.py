"""Is the process up, and is the desk ready?"""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.ops.readiness import readiness


@never_cache
@require_safe
def healthz(_: HttpRequest) -> JsonResponse:
    """Answer as soon as the process does; ask nobody else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(_: HttpRequest) -> JsonResponse:
    """Answer 200 when every part of the desk works, else 503 with what is missing."""
    found = readiness()
    return JsonResponse(found, status=200 if found["status"] == "ok" else 503)
