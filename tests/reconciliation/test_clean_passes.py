"""What a pass does when it is clean, and how it is run: stops, lifting, pruning, statements, command."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.clock import now
from apps.marketdata.models import MarketClock
from apps.portfolio.models import Position, RoundTrip
from apps.reconciliation.actions.pass_lock import pass_lock
from apps.reconciliation.actions.require_reconciliation import require_reconciliation
from apps.reconciliation.models import Comparison
from apps.venues.domain.keys import seal_context
from apps.venues.queries import keyring
from tests.reconciliation.passes import (
    ACTOR,
    balances_of,
    cases,
    limit,
    orders_of,
    restrictions,
    trade,
)  # fmt: skip

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_position_without_its_stop_is_a_critical_case_until_it_has_one(bot, venue):
    trade(bot)
    assert orders_of(bot).is_clean
    Position.objects.update(updated_at=now() - timedelta(seconds=20))
    orders_of(bot)
    assert cases() == [("unprotected", "open")]
    assert restrictions() == {"NOT_RECONCILED"}
    trade(
        bot, purpose="protect", side="sell", type="stop_market", stop_price=Decimal(80), leg="stop"
    )
    orders_of(bot)
    assert cases() == [("unprotected", "healed")]


def test_on_a_virtual_clock_the_lock_step_minds_the_stops(bot, venue):
    trade(bot)
    Position.objects.update(updated_at=now() - timedelta(seconds=20))
    MarketClock.objects.create(now=now())
    assert orders_of(bot).is_clean


def test_an_exit_in_flight_excuses_a_missing_stop(bot, venue):
    trade(bot)
    limit(bot, purpose="reduce", side="sell", leg="exit")
    Position.objects.update(updated_at=now() - timedelta(seconds=20))
    assert orders_of(bot).is_clean


def test_not_reconciled_is_lifted_when_both_comparisons_were_clean_since(bot, venue):
    orders_of(bot)
    balances_of(bot)
    require_reconciliation(actor=ACTOR, account_ids=[bot.account_id], reason="start")
    assert restrictions() == {"NOT_RECONCILED"}
    orders_of(bot)
    assert restrictions() == {"NOT_RECONCILED"}
    balances_of(bot)
    assert restrictions() == set()


def test_a_clean_pass_says_so_on_the_round_trips_it_covered(bot, venue):
    balances_of(bot)
    trade(bot)
    trade(bot, purpose="reduce", side="sell", leg="exit")
    assert RoundTrip.objects.get().reconciled_at is None
    done = orders_of(bot)
    assert RoundTrip.objects.get().reconciled_at == done.finished_at


def test_a_pass_that_found_a_difference_vouches_for_no_round_trip(bot, venue):
    trade(bot)
    trade(bot, purpose="reduce", side="sell", leg="exit")
    venue.place("web_123")
    orders_of(bot)
    assert RoundTrip.objects.get().reconciled_at is None


def test_two_passes_at_once_are_one(bot, venue, superuser_connection):
    superuser_connection.execute(
        "SELECT pg_advisory_lock(hashtextextended('reconciliation:' || %s, 0))",
        [f"orders:{bot.account_id}"],
    )
    assert orders_of(bot) is None
    assert balances_of(bot) is not None
    with pass_lock(account_id=bot.account_id, kind="other") as is_ours:
        assert is_ours


def test_old_comparisons_are_pruned_but_the_last_clean_one_is_kept(bot, venue):
    orders_of(bot)
    orders_of(bot)
    Comparison.objects.update(started_at=now() - timedelta(days=2))
    newest = Comparison.objects.order_by("-id").first()
    Comparison.objects.filter(id=newest.id).update(started_at=now() - timedelta(days=1, hours=1))
    balances_of(bot)
    assert set(Comparison.objects.filter(kind="orders").values_list("id", flat=True)) == {newest.id}


def test_one_pass_takes_the_same_statements_for_one_order_and_for_twenty(bot, venue):
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            orders_of(bot)
        return len(captured)

    limit(bot)
    orders_of(bot)
    one = statements()
    for number in range(20):
        limit(bot, leg=str(number))
    assert statements() == one
    assert one < 30


def test_the_command_says_what_is_not_clean(bot, venue, capsys):
    sealed = keyring().seal("key", context=seal_context(bot.account_id, "api_key"))
    type(bot.account).objects.update(api_key_sealed=sealed)
    call_command("reconcile", "--require")
    assert restrictions() == {"NOT_RECONCILED"}
    call_command("reconcile")
    assert "clean, 1 compared" in capsys.readouterr().out
    assert restrictions() == set()
    venue.place("web_1")
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile", "--json", "--account", bot.account.slug)
    assert ended.value.code == 3
    assert "foreign_order" in capsys.readouterr().out
