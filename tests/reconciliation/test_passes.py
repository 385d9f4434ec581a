"""Passes over real books, with an exchange that others may use too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.core.actor import Actor
from apps.core.clock import now
from apps.marketdata.models import MarketClock
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.send_orders import send_orders
from apps.orders.actions.store_facts import store_facts
from apps.orders.domain.client_ids import client_order_id
from apps.orders.models import Fill, Order
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.models import Balance, JournalLine, Position, RoundTrip
from apps.reconciliation.actions.pass_lock import pass_lock
from apps.reconciliation.actions.reconcile_balances import reconcile_balances
from apps.reconciliation.actions.reconcile_orders import reconcile_orders
from apps.reconciliation.actions.require_reconciliation import require_reconciliation
from apps.reconciliation.models import Case, Comparison
from apps.risk.models import Restriction
from apps.venues.domain.keys import seal_context
from apps.venues.queries import keyring
from tests.factories import make_draft

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = Actor.task("test")


def trade(bot, **values):
    """Record, send and absorb one order through the real path."""
    with transaction.atomic():
        [order_id] = create_orders(drafts=[make_draft(bot, **values)])
    send_orders(account_id=bot.account_id)
    absorb(account_id=bot.account_id)
    return Order.objects.get(id=order_id)


def limit(bot, **values):
    return trade(bot, type="limit", price=Decimal(90), **values)


def orders_of(bot) -> Comparison:
    return reconcile_orders(account_id=bot.account_id)


def balances_of(bot) -> Comparison:
    return reconcile_balances(account_id=bot.account_id)


def cases():
    return [(c.kind, c.state) for c in Case.objects.order_by("opened_at")]


def restrictions():
    return set(Restriction.objects.filter(lifted_at=None).values_list("code", flat=True))


def test_equal_books_are_clean(bot, venue):
    balances_of(bot)
    trade(bot)
    limit(bot)
    done = orders_of(bot)
    assert (done.is_clean, done.opened, done.healed, done.error) == (True, 0, 0, "")
    assert done.compared == done.equal == 3
    assert balances_of(bot).is_clean
    assert cases() == []


def test_the_first_pass_posts_the_opening_and_later_ones_compare(bot, venue):
    assert balances_of(bot).is_clean
    assert Balance.objects.get().amount == 10000
    venue.holdings["USDT"] += 5
    done = balances_of(bot)
    assert (done.is_clean, done.opened) == (False, 1)
    assert cases() == [("balance", "open")]
    assert restrictions() == {"NOT_RECONCILED"}
    assert Balance.objects.get().amount == 10000
    venue.holdings["USDT"] -= 5
    assert balances_of(bot).is_clean
    assert cases() == [("balance", "healed")]


def test_a_fill_that_no_stream_told_heals_itself(bot, venue):
    order = limit(bot)
    venue.fill(order.client_order_id)
    done = orders_of(bot)
    assert done.healed >= 1
    assert Order.objects.get(id=order.id).status == "filled"
    assert Position.objects.get().amount == 1
    assert Fill.objects.count() == 1
    assert orders_of(bot).healed == 0


def test_an_opening_posted_after_the_first_fills_leaves_them_out(bot, venue):
    trade(bot)
    order = limit(bot)
    venue.fill(order.client_order_id)
    assert balances_of(bot).is_clean
    amounts = dict(Balance.objects.values_list("asset", "amount"))
    assert amounts == {"BTC": 2, "USDT": 9800}
    opening = JournalLine.objects.filter(entry__kind="opening", book="venue")
    assert [(line.asset, line.amount) for line in opening] == [("USDT", 10000)]
    venue.holdings["USDT"] += 1
    assert not balances_of(bot).is_clean


def test_a_fill_that_no_stream_told_is_healed_before_balances_are_called_different(bot, venue):
    balances_of(bot)
    order = limit(bot)
    venue.fill(order.client_order_id)
    assert balances_of(bot).is_clean
    assert Position.objects.get().amount == 1
    assert (cases(), restrictions()) == ([], set())


def test_a_fill_that_is_late_leaves_a_healed_case(bot, venue):
    order = limit(bot)
    report = venue.fill(order.client_order_id)
    old = replace(report.fills[0], at_ms=report.at_ms - 20_000)
    venue.orders[order.client_order_id] = replace(report, fills=(old,))
    orders_of(bot)
    assert ("missing_fill", "healed") in cases()
    assert Position.objects.get().amount == 1


def test_an_order_that_ended_unheard_heals_itself(bot, venue):
    order = limit(bot)
    venue.orders[order.client_order_id] = replace(
        venue.orders[order.client_order_id], status="expired"
    )
    assert orders_of(bot).healed == 1
    assert Order.objects.get(id=order.id).status == "expired"
    assert cases() == []


def test_a_cancel_that_nobody_here_asked_for_is_foreign(bot, venue):
    order = limit(bot)
    venue.orders[order.client_order_id] = replace(
        venue.orders[order.client_order_id], status="canceled"
    )
    done = orders_of(bot)
    assert (done.healed, done.is_clean) == (1, False)
    assert Order.objects.get(id=order.id).status == "canceled"
    assert cases() == [("foreign_cancel", "open")]
    assert restrictions() == {"FOREIGN_ACTIVITY"}
    Case.objects.update(state="resolved", closed_at=now())
    assert orders_of(bot).is_clean


def test_an_order_that_the_venue_forgot_is_a_case(bot, venue):
    order = limit(bot)
    del venue.orders[order.client_order_id]
    done = orders_of(bot)
    assert not done.is_clean
    assert cases() == [("status", "open")]
    assert Order.objects.get(id=order.id).status == "open"


def test_a_foreign_order_opens_one_case_and_sets_the_account_reducing(bot, venue):
    venue.place("web_123")
    for _ in range(3):
        orders_of(bot)
    assert cases() == [("foreign_order", "open")]
    assert restrictions() == {"FOREIGN_ACTIVITY"}
    assert Restriction.objects.get().state == "reducing"
    assert ("cancel", "web_123") not in venue.calls
    del venue.orders["web_123"]
    orders_of(bot)
    assert cases() == [("foreign_order", "healed")]
    assert restrictions() == {"FOREIGN_ACTIVITY"}


def test_a_foreign_fill_stays_open_until_a_person_resolves_it(bot, venue):
    venue.trade("1")
    orders_of(bot)
    orders_of(bot)
    assert cases() == [("foreign_fill", "open")]
    assert restrictions() == {"FOREIGN_ACTIVITY"}
    Case.objects.update(state="resolved", closed_at=now())
    done = orders_of(bot)
    assert done.is_clean
    assert cases() == [("foreign_fill", "resolved")]


def test_our_own_order_without_a_row_is_an_unknown_order_not_a_foreign_one(bot, venue):
    name = client_order_id(draft=make_draft(bot), key=settings.DESK_MARK_KEY)
    venue.place(name)
    orders_of(bot)
    assert cases() == [("unknown_order", "open")]
    assert restrictions() == {"NOT_RECONCILED"}


def test_a_difference_that_is_gone_at_the_second_look_is_no_case(bot, venue, monkeypatch):
    order = limit(bot)
    shown = venue.orders.pop(order.client_order_id)
    ask = venue.order

    async def once(symbol, name):
        answer = await ask(symbol, name)
        venue.orders[name] = shown
        return answer

    monkeypatch.setattr(venue, "order", once)
    assert orders_of(bot).is_clean
    assert cases() == []


def test_a_fill_of_an_order_in_transit_is_not_foreign(bot, venue):
    venue.fault = "silent"
    trade(bot)
    venue.reads_fail = False
    done = orders_of(bot)
    assert cases() == []
    assert "FOREIGN_ACTIVITY" not in restrictions()
    assert not done.error


def test_a_venue_that_cannot_be_read_proves_nothing(bot, venue):
    limit(bot)
    venue.reads_fail = True
    assert orders_of(bot).error.startswith("READ_FAILED")
    assert balances_of(bot).error.startswith("READ_FAILED")
    assert not Comparison.objects.filter(is_clean=True).exists()
    assert cases() == []


def test_facts_in_flight_are_absorbed_before_anything_is_called_a_difference(bot, venue):
    order = limit(bot)
    report = venue.fill(order.client_order_id)
    store_facts(account_id=bot.account_id, source="stream", orders=[report])
    done = orders_of(bot)
    assert (done.is_clean, done.healed) == (True, 0)


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
