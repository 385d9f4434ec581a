"""The schedule's entry points: one message an account, each pass on its own."""

from __future__ import annotations

import pytest

from apps.core.actor import Actor
from apps.reconciliation.actions.require_reconciliation import require_reconciliation
from apps.reconciliation.models import Comparison
from apps.reconciliation.queries.accounts import reconcilable_accounts
from apps.reconciliation.tasks import balances, orders
from apps.risk.models import Restriction
from apps.venues.actions.write_keys import write_keys
from tests.factories import make_account

pytestmark = pytest.mark.django_db(transaction=True)


def test_only_accounts_with_a_key_are_compared_and_each_gets_its_own_message(
    bot, venue, monkeypatch
):
    keys = {"api_key": "key", "api_secret": "secret"}
    write_keys(actor=Actor.task("test"), account_id=bot.account_id, **keys)
    make_account()
    assert reconcilable_accounts() == [bot.account_id]
    for task in (orders, balances):
        sent = []
        monkeypatch.setattr(
            task, "apply_async", lambda args, *, expires, sent=sent: sent.append(args)
        )
        task()
        assert sent == [(str(bot.account_id),)]
    assert not Comparison.objects.exists()


def test_a_message_for_an_account_runs_one_pass(bot, venue):
    balances(str(bot.account_id))
    orders(str(bot.account_id))
    kinds = Comparison.objects.order_by("started_at").values_list("kind", "is_clean")
    assert list(kinds) == [("balances", True), ("orders", True)]


def test_an_account_that_waits_for_its_books_has_both_compared_at_once(bot, venue):
    require_reconciliation(actor=Actor.task("t"), account_ids=[bot.account_id], reason="start")
    orders(str(bot.account_id))
    assert not Restriction.objects.filter(lifted_at=None).exists()
