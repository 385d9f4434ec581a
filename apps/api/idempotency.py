"""Acting calls carry an `Idempotency-Key`: the same call twice has one effect and one answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.caller import person
from apps.api.models import KeptAnswer
from apps.api.problems import problem, problem_response
from apps.core.clock import now
from apps.core.errors import DeskError, InvalidInput

KEY_MAX = 80


class KeyReused(DeskError):
    """The key was used for another call."""

    default_code = "IDEMPOTENCY_KEY_REUSED"
    status = 422


class StillRunning(DeskError):
    """The first call with this key has not answered yet."""

    default_code = "IDEMPOTENT_CALL_RUNNING"
    status = 409


def fingerprint(request: Request) -> str:
    """Return the SHA-256 of what makes two calls the same."""
    body = json.dumps(request.data, sort_keys=True, default=str)
    text = "\n".join([str(request.method), request.get_full_path(), body])
    return hashlib.sha256(text.encode()).hexdigest()


def once(request: Request, act: Callable[[], Response]) -> Response:
    """Run `act` once for the request's key and keep its answer.

    :raises InvalidInput: `IDEMPOTENCY_KEY_MISSING` or `IDEMPOTENCY_KEY_TOO_LONG`.
    :raises KeyReused: when the key belongs to another call.
    """
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key:
        raise InvalidInput("IDEMPOTENCY_KEY_MISSING", header="Idempotency-Key")
    if len(key) > KEY_MAX:
        raise InvalidInput("IDEMPOTENCY_KEY_TOO_LONG", header="Idempotency-Key", limit=KEY_MAX)
    mark = fingerprint(request)
    try:
        with transaction.atomic():
            kept = KeptAnswer.objects.create(
                user=person(request), key=key, fingerprint=mark, created_at=now()
            )
    except IntegrityError:
        return _again(request, key, mark)
    return _keep(kept, act)


def _again(request: Request, key: str, mark: str) -> Response:
    kept = KeptAnswer.objects.get(user=person(request), key=key)
    if kept.fingerprint != mark:
        raise KeyReused(key=key)
    if kept.status is None:
        raise StillRunning(key=key)
    answer = Response(kept.body, status=kept.status)
    answer["Idempotent-Replay"] = "true"
    return answer


def _keep(kept: KeptAnswer, act: Callable[[], Response]) -> Response:
    """Keep answers and refusals; a fault of ours frees the key, so that the call may be repeated."""
    try:
        answer = act()
    except DeskError as error:
        answer = problem_response(error, {}) or problem(
            code=error.code, http_status=error.status, detail=""
        )
    except BaseException:
        kept.delete()
        raise
    body: Any = json.loads(json.dumps(answer.data, default=str))
    KeptAnswer.objects.filter(pk=kept.pk).update(status=answer.status_code, body=body)
    return answer
