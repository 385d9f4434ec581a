"""Is the process up, and is the desk ready?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.ops.metrics import CONTENT_TYPE, exposition
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


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the desk's figures in Prometheus' form, to this machine or to who may see operations."""
    is_here = request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"}
    is_direct = "HTTP_X_FORWARDED_FOR" not in request.META and "HTTP_FORWARDED" not in request.META
    if not (is_here and is_direct) and not request.user.has_perm("accounts.view_operations"):
        return HttpResponse("NOT_PERMITTED permission=view_operations\n", status=403)
    return HttpResponse(exposition(), content_type=CONTENT_TYPE)


# to who is not on this machine
metrics.permission = "view_operations"  # type: ignore[attr-defined]
