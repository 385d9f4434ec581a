"""Errors as problem+json (RFC 9457) with a stable code."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import IntegrityError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.core.domain.money import plain
from apps.core.errors import DeskError

log = structlog.get_logger(__name__)
CODES: dict[type[Exception], tuple[int, str]] = {
    Http404: (404, "NOT_FOUND"),
    PermissionDenied: (403, "NOT_PERMITTED"),
    exceptions.NotAuthenticated: (401, "NOT_SIGNED_IN"),
    exceptions.AuthenticationFailed: (401, "TOKEN_REFUSED"),
    exceptions.PermissionDenied: (403, "NOT_PERMITTED"),
    exceptions.NotFound: (404, "NOT_FOUND"),
    exceptions.MethodNotAllowed: (405, "METHOD_NOT_ALLOWED"),
    exceptions.ParseError: (400, "MALFORMED_JSON"),
    # brackets within brackets by the thousand
    RecursionError: (400, "MALFORMED_JSON"),
    RequestDataTooBig: (413, "BODY_TOO_LARGE"),
    exceptions.UnsupportedMediaType: (415, "NOT_JSON"),
    exceptions.NotAcceptable: (406, "JSON_ONLY"),
    exceptions.ValidationError: (400, "INVALID_INPUT"),
    exceptions.Throttled: (429, "TOO_MANY_CALLS"),
}


def problem(*, code: str, http_status: int, detail: str, **more: Any) -> Response:
    """Return one problem document."""
    body = {
        "type": f"/api/docs/#{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": http_status,
        "code": code,
        "detail": detail,
        **more,
    }
    return Response(body, status=http_status, content_type="application/problem+json")


def plain_values(value: Any) -> Any:
    """Return a JSON-like copy: Decimals, numbers that JSON lacks and other values as text."""
    if isinstance(value, dict):
        return {str(key): plain_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_values(item) for item in value]
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:  # noqa: ARG001 - DRF's signature
    """Return the problem document of `error`, or None to let it count as a fault of ours."""
    set_rollback()
    if isinstance(error, DeskError):
        return problem(
            code=error.code,
            http_status=error.status,
            detail=error.message,
            context=plain_values(error.context),
        )
    if isinstance(error, IntegrityError):
        log.warning("api.refused_by_database", error=str(error))
        words = str(error).split("\n", 1)[0]
        return problem(code="REFUSED_BY_DATABASE", http_status=409, detail=words)
    for kind, (http_status, code) in CODES.items():
        if isinstance(error, kind):
            return _known(error, code, http_status)
    return None


def _known(error: Exception, code: str, http_status: int) -> Response:
    detail = getattr(error, "detail", str(error) or code)
    if isinstance(detail, dict | list):
        answer = problem(
            code=code,
            http_status=http_status,
            detail="Some fields do not fit.",
            errors=plain_values(detail),
        )
    else:
        answer = problem(code=code, http_status=http_status, detail=str(detail))
    if isinstance(error, exceptions.Throttled):
        answer["Retry-After"] = str(max(1, round(getattr(error, "wait", None) or 1)))
    if http_status == status.HTTP_401_UNAUTHORIZED:
        answer["WWW-Authenticate"] = "Bearer"
    return answer
