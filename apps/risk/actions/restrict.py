"""Restrict a scope: reducing or halted."""

from __future__ import annotations

from typing import Final, Unpack

from django.db import connection, transaction

from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import InvalidInput
from apps.risk.domain.restrictions import RESTRICTION_SCOPES, SEVERITY
from apps.risk.domain.scope_terms import ScopeTerms
from apps.risk.models import Restriction

CHANNEL: Final = "desk_restriction"


def restrict(
    *,
    actor: Actor,
    state: str,
    code: str,
    reason: str,
    flatten: bool = False,
    **terms: Unpack[ScopeTerms],
) -> Restriction:
    """Put a restriction in force, once per scope and code; an existing one only gets stricter.

    The scope is given by `scope_kind` and `scope_id`, see `ScopeTerms`.

    :raises InvalidInput: unknown scope kind or state, or no reason.
    """
    kind = terms["scope_kind"]
    _check(scope_kind=kind, state=state, reason=reason, flatten=flatten)
    scope = {"scope_kind": kind, "scope_id": "" if kind == "desk" else str(terms["scope_id"])}
    verb = "halt" if code == "HALT" else "restrict"
    with transaction.atomic(), acting(actor=actor, verb=verb, reason=reason):
        made = Restriction(
            **scope, state=state, code=code, reason=reason, flatten=flatten,
            set_at=now(), set_by=actor.name,
        )  # fmt: skip
        Restriction.objects.bulk_create([made], ignore_conflicts=True)
        found = Restriction.objects.select_for_update().get(**scope, code=code, lifted_at=None)
        if SEVERITY[state] > SEVERITY[found.state] or (flatten and not found.flatten):
            found.state = max(state, found.state, key=SEVERITY.__getitem__)
            found.flatten = found.flatten or flatten
            found.save(update_fields=["state", "flatten"])
        notify(found)
    return found


def notify(restriction: Restriction) -> None:
    """Wake the control process when the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(restriction.id)])


def _check(*, scope_kind: str, state: str, reason: str, flatten: bool) -> None:
    if scope_kind not in RESTRICTION_SCOPES:
        raise InvalidInput(
            "SCOPE_UNKNOWN", field="scope_kind", value=scope_kind, allowed=list(RESTRICTION_SCOPES)
        )
    if state not in {"reducing", "halted"}:
        raise InvalidInput("STATE_UNKNOWN", field="state", value=state)
    if flatten and state != "halted":
        raise InvalidInput("FLATTEN_NEEDS_HALT", field="flatten")
    if not reason.strip():
        raise InvalidInput("REASON_REQUIRED", field="reason")
