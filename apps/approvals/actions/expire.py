"""End requests whose time is over."""

from __future__ import annotations

from apps.approvals.actions.close import close
from apps.approvals.domain.refusals import RequestClosed
from apps.approvals.queries import expired
from apps.core.actor import Actor
from apps.core.clock import now


def expire(*, actor: Actor) -> int:
    """Expire every request that waited past its time; return how many.

    One that ends in another way at the same moment is left as it is.
    """
    count = 0
    for request_id in expired(at=now()):
        try:
            close(actor=actor, request_id=request_id, state="expired", reason="not applied in time")
        except RequestClosed:
            continue
        count += 1
    return count
