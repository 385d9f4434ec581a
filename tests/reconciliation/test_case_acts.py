"""What people do with cases, and what takes two of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from apps.approvals.actions.vote import Ballot
from apps.approvals.domain.refusals import ContentChanged, ProofMismatch, VoteRefused
from apps.audit.models import AuditEvent
from apps.core.errors import Conflict, NotPermitted, RequiresChangeRequest
from apps.golive.actions.cast_vote import cast_vote
from apps.golive.actions.request_adjustment import request_adoption, request_write_off
from apps.orders.models import Fill, Order
from apps.portfolio.models import Balance, JournalEntry, Position
from apps.reconciliation.actions import accept_venue as accepting
from apps.reconciliation.actions.accept_venue import NotProven, accept_venue
from apps.reconciliation.actions.clear_foreign_activity import StillForeign, clear_foreign_activity
from apps.reconciliation.actions.comment_case import comment_case
from apps.reconciliation.actions.lock_case import CaseClosed
from apps.reconciliation.actions.reconcile_balances import reconcile_balances
from apps.reconciliation.actions.reconcile_orders import reconcile_orders
from apps.reconciliation.actions.resolve_case import CaseHealsItself, resolve_case
from apps.reconciliation.actions.take_case import take_case
from apps.reconciliation.actions.write_off import write_off
from apps.reconciliation.domain.adjustments import NotThisWay
from apps.reconciliation.models import Case, CaseEvent
from apps.risk.models import Restriction
from tests.approvals.people import actor
from tests.reconciliation.test_passes import limit, restrictions

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture(autouse=True)
def backups(settings, tmp_path):
    settings.BACKUP_DIR = str(tmp_path / "backups")
    return tmp_path / "backups"


def approve(user, request):
    ballot = Ballot(request.pk, "approve", "looked at it", request.content_hash)
    return cast_vote(actor=actor(user), user=user, ballot=ballot)


def found(kind) -> Case:
    return Case.objects.get(kind=kind)


def both(bot):
    return [
        reconcile_orders(account_id=bot.account_id),
        reconcile_balances(account_id=bot.account_id),
    ]


def deposit(bot, venue, amount) -> Case:
    reconcile_balances(account_id=bot.account_id)
    venue.holdings["USDT"] += Decimal(amount)
    reconcile_balances(account_id=bot.account_id)
    return found("balance")


def test_a_case_says_what_happened_and_what_would_end_it(bot, venue):
    case = deposit(bot, venue, 5)
    assert "deposit" in case.cause
    assert case.proposed_fix == {
        "verb": "write_off", "needs": "a second person",
        "now": {"amount": "10000"}, "after": {"amount": "10005"},
    }  # fmt: skip
    assert [row["source"] for row in case.evidence] == ["venue", "our books"]
    venue.holdings["USDT"] += 1
    reconcile_balances(account_id=bot.account_id)
    assert found("balance").venue == {"amount": "10006"}


def test_a_write_off_takes_a_second_person_and_makes_the_books_equal(
    bot, venue, olga, rita, backups
):
    case = deposit(bot, venue, 5)
    request = request_write_off(actor=actor(olga), user=olga, case_id=case.id, reason="a deposit")
    with pytest.raises(VoteRefused):
        approve(olga, request)
    assert Balance.objects.get().amount == 10000
    assert not backups.exists()
    assert approve(rita, request).state == "applied"
    assert Balance.objects.get().amount == 10005
    # the books of the moment before can be looked at again
    [kept] = backups.iterdir()
    assert kept.name.endswith("before-adjustment")
    saved = AuditEvent.objects.get(verb="backup.take")
    assert saved.seq < AuditEvent.objects.filter(verb="case.write_off").earliest("seq").seq
    case.refresh_from_db()
    assert (case.state, case.change_request_id) == ("resolved", request.pk)
    assert all(done.is_clean for done in both(bot))
    assert restrictions() == set()
    written = AuditEvent.objects.get(verb="case.write_off")
    assert (written.object_type, written.object_id) == ("reconciliation_case", str(case.id))


def test_without_a_backup_of_before_the_books_are_not_touched(bot, venue, olga, rita, backups):
    case = deposit(bot, venue, 5)
    request = request_write_off(actor=actor(olga), user=olga, case_id=case.id, reason="a deposit")
    backups.write_text("a file where the folder should be")
    failed = approve(rita, request)
    assert failed.state == "failed"
    assert "BACKUP_FAILED" in failed.closed_reason
    assert Balance.objects.get().amount == 10000
    case.refresh_from_db()
    assert case.state == "open"


def test_a_difference_that_moved_voids_the_request(bot, venue, olga, rita):
    case = deposit(bot, venue, 5)
    request = request_write_off(actor=actor(olga), user=olga, case_id=case.id, reason="a deposit")
    venue.holdings["USDT"] += 1
    reconcile_balances(account_id=bot.account_id)
    with pytest.raises(ContentChanged):
        approve(rita, request)
    assert Balance.objects.get().amount == 10000
    request.refresh_from_db()
    assert request.state == "voided"


def test_without_an_approved_request_nothing_is_adjusted(bot, venue, olga):
    case = deposit(bot, venue, 5)
    request = request_write_off(actor=actor(olga), user=olga, case_id=case.id, reason="a deposit")
    with pytest.raises(RequiresChangeRequest):
        write_off(actor=actor(olga), proof=None)
    with pytest.raises(ProofMismatch):
        write_off(actor=actor(olga), proof=request)
    entry = JournalEntry.objects.get()
    with pytest.raises(IntegrityError, match="REQUIRES_CHANGE_REQUEST"), transaction.atomic():
        JournalEntry.objects.create(
            account_id=bot.account_id, kind="adjustment", at=entry.at, posted_at=entry.at
        )
    assert Balance.objects.get().amount == 10000


def test_a_bot_adopts_a_foreign_order_and_its_later_fill_is_its_own(bot, venue, olga, rita):
    reconcile_balances(account_id=bot.account_id)
    venue.place("web_1")
    reconcile_orders(account_id=bot.account_id)
    case = found("foreign_order")
    request = request_adoption(
        actor=actor(olga), user=olga, case_id=case.id, bot_id=bot.id, reason="keep it"
    )
    assert approve(rita, request).state == "applied"
    order = Order.objects.get(client_order_id="web_1")
    assert (order.bot_id, order.status, order.origin, order.purpose) == (
        bot.id,
        "open",
        "venue",
        "entry",
    )
    assert (order.verdict.is_allowed, order.requested_by) == (False, "olga")
    assert reconcile_orders(account_id=bot.account_id).is_clean
    venue.fill("web_1")
    reconcile_orders(account_id=bot.account_id)
    assert Position.objects.get(bot=bot).amount == 1
    assert all(done.is_clean for done in both(bot))


def test_a_bot_adopts_foreign_fills_into_position_and_ledger(bot, venue, olga, rita):
    reconcile_balances(account_id=bot.account_id)
    order = limit(bot, amount=Decimal(3))
    venue.fill(order.client_order_id)
    reconcile_orders(account_id=bot.account_id)
    venue.trade("7")
    venue.holdings |= {"BTC": Decimal(-1), "USDT": Decimal(10100)}
    reconcile_orders(account_id=bot.account_id)
    case = found("foreign_fill")
    request = request_adoption(
        actor=actor(olga), user=olga, case_id=case.id, bot_id=bot.id, reason="sold by hand"
    )
    assert approve(rita, request).state == "applied"
    assert Position.objects.get(bot=bot).amount == 2
    assert Fill.objects.get(venue_trade_id="7").order.purpose == "reduce"
    assert all(done.is_clean for done in both(bot))


def test_foreign_fills_may_be_written_off_without_a_bot(bot, venue, olga, rita):
    reconcile_balances(account_id=bot.account_id)
    venue.trade("7")
    venue.holdings |= {"BTC": Decimal(-1), "USDT": Decimal(10100)}
    reconcile_orders(account_id=bot.account_id)
    case = found("foreign_fill")
    request = request_write_off(actor=actor(olga), user=olga, case_id=case.id, reason="my own")
    assert request.content["lines"] == {"BTC": "-1", "USDT": "100"}
    assert approve(rita, request).state == "applied"
    assert not Position.objects.exists()
    assert all(done.is_clean for done in both(bot))
    assert restrictions() == {"FOREIGN_ACTIVITY"}
    lifted = clear_foreign_activity(
        actor=actor(rita), account_id=bot.account_id, reason="talked to them"
    )
    assert lifted.lifted_by == "rita"
    assert restrictions() == set()


def test_foreign_activity_ends_only_when_every_case_is_settled_and_the_books_compared(
    bot, venue, olga, rita
):
    venue.trade("7")
    reconcile_orders(account_id=bot.account_id)
    with pytest.raises(StillForeign):
        clear_foreign_activity(actor=actor(rita), account_id=bot.account_id, reason="fine")
    resolve_case(actor=actor(olga), case_id=found("foreign_fill").id, reason="known")
    with pytest.raises(StillForeign):
        clear_foreign_activity(actor=actor(rita), account_id=bot.account_id, reason="fine")
    reconcile_orders(account_id=bot.account_id)
    clear_foreign_activity(actor=actor(rita), account_id=bot.account_id, reason="fine")
    assert not Restriction.objects.filter(lifted_at=None).exists()


def test_an_order_that_the_venue_forgot_ends_by_the_venues_word(bot, venue, olga, monkeypatch):
    order = limit(bot)
    del venue.orders[order.client_order_id]
    reconcile_orders(account_id=bot.account_id)
    case = found("status")
    with pytest.raises(NotProven):
        accept_venue(actor=actor(olga), case_id=case.id, reason="gone")
    assert Order.objects.get(id=order.id).status == "open"
    monkeypatch.setattr(accepting, "OLD_ENOUGH", timedelta(0))
    accept_venue(actor=actor(olga), case_id=case.id, reason="gone")
    assert Order.objects.get(id=order.id).status == "canceled"
    assert reconcile_orders(account_id=bot.account_id).is_clean
    assert CaseEvent.objects.filter(case=case, verb="accept", actor="olga").exists()


def test_accepting_the_venues_word_takes_over_the_fills_it_still_shows(
    bot, venue, olga, monkeypatch
):
    monkeypatch.setattr(accepting, "OLD_ENOUGH", timedelta(0))
    order = limit(bot, amount=Decimal(2))
    report = venue.fill(order.client_order_id, Decimal(1))
    del venue.orders[order.client_order_id]
    reconcile_orders(account_id=bot.account_id)
    venue.hidden_fills.append(replace(report.fills[0], client_order_id=""))
    monkeypatch.setattr(
        venue, "fills", lambda *_, **__: _answer([replace(report.fills[0], client_order_id="")])
    )
    accept_venue(actor=actor(olga), case_id=found("status").id, reason="gone")
    ended = Order.objects.get(id=order.id)
    assert (ended.status, ended.filled) == ("canceled", 1)
    assert Position.objects.get().amount == 1


async def _answer(value):
    return value


def test_taking_commenting_and_resolving_leave_their_story_and_audit(bot, venue, olga):
    venue.trade("7")
    reconcile_orders(account_id=bot.account_id)
    case = found("foreign_fill")
    take_case(actor=actor(olga), case_id=case.id)
    take_case(actor=actor(olga), case_id=case.id)
    comment_case(actor=actor(olga), case_id=case.id, text="asked around")
    resolve_case(actor=actor(olga), case_id=case.id, reason="a colleague")
    case.refresh_from_db()
    assert (case.owner, case.state, case.resolved_by) == ("olga", "resolved", "olga")
    story = list(CaseEvent.objects.values_list("verb", flat=True))
    assert story == ["found", "take", "comment", "resolve"]
    verbs = AuditEvent.objects.filter(object_id=str(case.id)).order_by("seq")
    assert list(verbs.values_list("verb", flat=True)) == [
        "case.take",
        "case.comment",
        "case.resolve",
    ]
    with pytest.raises(CaseClosed):
        resolve_case(actor=actor(olga), case_id=case.id, reason="again")
    with pytest.raises(DatabaseError), transaction.atomic():
        CaseEvent.objects.update(text="never said")


def test_a_difference_that_is_still_there_is_not_talked_away(bot, venue, olga):
    case = deposit(bot, venue, 5)
    with pytest.raises(CaseHealsItself):
        resolve_case(actor=actor(olga), case_id=case.id, reason="never mind")
    with pytest.raises(NotThisWay):
        accept_venue(actor=actor(olga), case_id=case.id, reason="never mind")
    with pytest.raises((NotPermitted, Conflict)):
        request_adoption(
            actor=actor(olga), user=olga, case_id=case.id, bot_id=bot.id, reason="never mind"
        )
    assert found("balance").state == "open"
