"""Set a limit: tighter at once, looser only with an approved change request."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, Unpack

from django.db import transaction

from apps.approvals.actions.prove import being_applied, demand_same
from apps.approvals.models import ChangeRequest
from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.domain.money import exact, plain
from apps.core.errors import InvalidInput, NotFound
from apps.risk.domain.defaults import ALWAYS
from apps.risk.domain.limits import LIMIT_NAMES
from apps.risk.domain.scope_terms import ScopeTerms
from apps.risk.models import LIMIT_SCOPES, Limit
from apps.risk.queries import scope_exists

KIND: Final = "limit.raise"


def limit_content(*, scope_kind: str, scope_id: str, name: str, value: Decimal) -> dict[str, str]:
    """Return the canonical content of a request to raise this limit."""
    return {"scope_kind": scope_kind, "scope_id": scope_id, "name": name, "value": plain(value)}


def set_limit(
    *,
    actor: Actor,
    name: str,
    value: Decimal,
    reason: str,
    proof: ChangeRequest | None = None,
    **terms: Unpack[ScopeTerms],
) -> Limit:
    """Set one limit of one scope (`scope_kind`, `scope_id`), in the unit of its name.

    Lowering it, or setting the first one, is immediate. Raising it demands `proof`: a
    `limit.raise` request in state applying whose content is exactly this.

    :raises InvalidInput: unknown name or scope, not a number ≥ 0, no reason.
    :raises NotFound: the scope names nothing.
    :raises RequiresChangeRequest: it would widen the risk and there is no proof.
    :raises ProofMismatch: the proof is for something else.
    """
    scope_kind = terms["scope_kind"]
    scope_id = "" if scope_kind == "desk" else str(terms["scope_id"])
    value = _checked(scope_kind=scope_kind, scope_id=scope_id, name=name, value=value)
    if not reason.strip():
        raise InvalidInput("REASON_REQUIRED", field="reason")
    content = limit_content(scope_kind=scope_kind, scope_id=scope_id, name=name, value=value)
    with transaction.atomic():
        key = {"scope_kind": scope_kind, "scope_id": scope_id, "name": name}
        found = Limit.objects.select_for_update().filter(**key).first()
        binding = found.value if found is not None else ALWAYS.get(name)
        if binding is not None and value > binding:
            _prove(proof=proof, content=content, binding=binding)
        request = str(proof.id) if proof is not None else ""
        with acting(actor=actor, verb="limit.set", reason=reason, change_request=request):
            row = found or Limit(**key)
            row.value, row.reason, row.set_at, row.set_by = value, reason, now(), actor.name
            row.save()
    return row


def _checked(*, scope_kind: str, scope_id: str, name: str, value: Decimal) -> Decimal:
    if name not in LIMIT_NAMES:
        raise InvalidInput("LIMIT_UNKNOWN", field="name", value=name, allowed=list(LIMIT_NAMES))
    if scope_kind not in LIMIT_SCOPES:
        raise InvalidInput(
            "SCOPE_UNKNOWN", field="scope_kind", value=scope_kind, allowed=list(LIMIT_SCOPES)
        )
    if (scope_kind, name) == ("instrument", "daily_loss"):
        # results are kept a bot and day; nothing could hold an instrument's sum against it
        raise InvalidInput("LIMIT_NOT_FOR_SCOPE", field="name", value=name, scope_kind=scope_kind)
    number = exact(value)
    if number < 0 or number.adjusted() > 19:
        raise InvalidInput("LIMIT_OUT_OF_RANGE", field="value", value=plain(number), would_pass=0)
    if not scope_exists(scope_kind=scope_kind, scope_id=scope_id):
        raise NotFound("SCOPE_NOT_FOUND", scope_kind=scope_kind, scope_id=scope_id)
    return number


def _prove(*, proof: ChangeRequest | None, content: dict[str, Any], binding: Decimal) -> None:
    about = {"limit": content["name"], "value": content["value"]}
    stored = being_applied(proof=proof, kind=KIND, **about, would_pass=plain(binding))
    demand_same(request=stored, content=content, **about)
