"""A raised limit takes the road of a promotion."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.approvals.domain.refusals import ContentChanged
from apps.approvals.models import ChangeRequest
from apps.audit.models import AuditEvent
from apps.golive.actions.request_limit_raise import LimitRaise, request_limit_raise
from apps.risk.models import Limit
from tests.approvals.people import actor
from tests.golive.asking import say
from tests.golive.evidence import ready_bot

pytestmark = pytest.mark.django_db


def raise_to(user, to=2000, **values) -> ChangeRequest:
    wanted = LimitRaise(
        **(
            {"scope_kind": "desk", "scope_id": "", "name": "order_cost", "value": Decimal(to)}
            | values
        )
    )
    return request_limit_raise(actor=actor(user), user=user, wanted=wanted, reason="more room")


def test_a_raised_limit_is_applied_by_its_last_vote(sam, rita) -> None:
    ready_bot()
    request = say(rita, raise_to(sam, 2000))
    assert request.state == "applied"
    limit = Limit.objects.get(name="order_cost")
    assert limit.value == 2000
    event = AuditEvent.objects.filter(object_type="risk_limit", verb="limit.set").first()
    assert event.change_request_id == str(request.pk)


def test_lowering_needs_no_request_and_an_unknown_limit_is_refused(sam) -> None:
    ready_bot()
    for values, code in (
        ({"value": Decimal(10)}, "LIMIT_NOT_RAISED"),
        ({"name": "luck"}, "LIMIT_UNKNOWN"),
        ({"scope_kind": "bot", "scope_id": "x"}, "SCOPE_NOT_FOUND"),
    ):
        with pytest.raises(Exception, match=code):
            raise_to(sam, **values)
    assert not ChangeRequest.objects.exists()


def test_a_limit_that_moved_voids_the_request(sam, rita) -> None:
    ready_bot()
    request = raise_to(sam, 2000)
    Limit.objects.filter(name="order_cost").update(value=500)
    with pytest.raises(ContentChanged):
        say(rita, request)
    assert Limit.objects.get(name="order_cost").value == 500
