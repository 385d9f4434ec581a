"""The proof that people agreed: whoever widens risk asks for it at the moment of doing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.approvals.domain.content import canonical, content_hash
from apps.approvals.domain.refusals import ProofMismatch
from apps.approvals.models import ChangeRequest
from apps.core.errors import RequiresChangeRequest


def being_applied(
    *, proof: ChangeRequest | None, kind: str, **context: object
) -> ChangeRequest:  # fmt: skip
    """Return the stored request, locked, when it is of this kind and is being applied now.

    It is read again: the object handed in may be stale or made up. `context` goes into the error
    of who comes without a proof. Call it inside a transaction.

    :raises RequiresChangeRequest: without a proof.
    :raises ProofMismatch: the request is of another kind, or in another state.
    """
    if proof is None:
        raise RequiresChangeRequest(kind=kind, **context)
    stored = ChangeRequest.objects.select_for_update().filter(pk=proof.pk).first()
    if stored is None or (stored.kind, stored.state) != (kind, "applying"):
        raise ProofMismatch(request=str(proof.pk), kind=kind)
    return stored


def demand_same(*, request: ChangeRequest, content: Mapping[str, Any], **context: object) -> None:
    """Demand that the request says exactly `content`, as its hash proves.

    :raises ProofMismatch: with `context`.
    """
    is_same = canonical(content) == request.content
    if not is_same or content_hash(request.content) != request.content_hash:
        raise ProofMismatch(request=str(request.pk), **context)
