"""Compare an account's whole history of fills, fees and profit with the venue's own list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.bots.models import Bot
from apps.core.clock import now
from apps.core.domain.money import plain
from apps.marketdata.clock import market_now
from apps.orders.actions.store_facts import store_facts
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.domain.position import State
from apps.portfolio.queries import states as stored_states
from apps.reconciliation.actions.block_entries import block_entries
from apps.reconciliation.actions.compare_funding import FUNDING, compare_funding
from apps.reconciliation.actions.reconcile_orders import unresolved
from apps.reconciliation.actions.run_pass import run_pass
from apps.reconciliation.actions.settle_cases import record_healed, settle_cases
from apps.reconciliation.actions.tell_strangers import tell_strangers
from apps.reconciliation.actions.walk_fills import Walk, venue_pages, walk_fills
from apps.reconciliation.domain.compare import fill_json
from apps.reconciliation.domain.differences import Difference
from apps.reconciliation.models import Comparison, HistoryMark, ProfitDay
from apps.reconciliation.queries.history import Traded, traded_instruments
from apps.venues import gateways
from apps.venues.queries import credentials

# Only opened here: whether such a case is over, the pass over orders or a person says.
KINDS: Final = frozenset({"amount", "fee", "foreign_fill", "lost_order", "profit", "funding"})
SETTLED: Final = timedelta(seconds=60)
POSITION: Final = " position"


def reconcile_history(*, account_id: UUID) -> Comparison | None:
    """Run one pass and return it; None when another process is comparing this account.

    From the beginning, or from each instrument's last verified mark, up to a minute ago. Missed
    fills heal; each bot's profit is drawn once more from the venue's trades alone.
    """
    return run_pass(account_id=account_id, kind="history", compare=_compare)


def _compare(comparison: Comparison) -> None:
    account_id = comparison.account_id
    absorb(account_id=account_id)
    differences, waiting = list[Difference](), 0
    for traded in traded_instruments(account_id=account_id):
        walk = _walk(comparison, traded)
        if walk.ledger.missed:
            walk = _healed(comparison, traded, walk)
        walk, unasked = _told(comparison, traded, walk)
        waiting += unasked
        comparison.compared += walk.ledger.compared
        comparison.equal += walk.ledger.equal
        differences += walk.ledger.differences
        differences += _against_positions(comparison, traded, walk)
        if traded.unit.settle:
            differences += _funding(comparison, traded)
        _keep(comparison, traded, walk)
    differences = unresolved(account_id, differences)
    comparison.opened = settle_cases(
        account_id=account_id, kinds=KINDS, differences=differences,
        is_judged=lambda subject: subject.endswith(POSITION) or FUNDING in subject,
    )  # fmt: skip
    block_entries(account_id=account_id, differences=differences)
    comparison.is_clean = not differences and not waiting


def _walk(comparison: Comparison, traded: Traded) -> Walk:
    gateway = gateways.gateway(credentials(account_id=comparison.account_id))
    return walk_fills(
        account_id=comparison.account_id,
        traded=traded,
        pages=venue_pages(gateway=gateway, symbol=traded.symbol, since=traded.since),
        until=market_now() - SETTLED,
        is_settled=lambda found: not unresolved(comparison.account_id, found),
    )


def _funding(comparison: Comparison, traded: Traded) -> list[Difference]:
    account_id = comparison.account_id
    done = compare_funding(
        account_id=account_id,
        traded=traded,
        gateway=gateways.gateway(credentials(account_id=account_id)),
        until=market_now(),
    )
    comparison.compared += done.compared
    comparison.equal += done.compared - len(done.differences) - len(done.late)
    comparison.healed += len(done.late)
    record_healed(account_id=account_id, differences=done.late)
    return done.differences


def _healed(comparison: Comparison, traded: Traded, walk: Walk) -> Walk:
    """Take over the fills that the venue proves, and walk once more over books that hold them."""
    account_id, missed = comparison.account_id, walk.ledger.missed
    store_facts(account_id=account_id, source="reconcile", fills=missed)
    comparison.healed += absorb(account_id=account_id).fills
    found = [
        Difference(
            "missing_fill", f"{f.symbol} {f.venue_order_id} {f.venue_trade_id}", "info",
            venue=fill_json(f),
        )
        for f in missed
    ]  # fmt: skip
    record_healed(account_id=account_id, differences=found)
    return _walk(comparison, traded)


def _told(comparison: Comparison, traded: Traded, walk: Walk) -> tuple[Walk, int]:
    """Let the venue tell whose the foreign fills were; walk anew over what the books took over.

    Also return how many orders are not asked for yet.
    """
    account_id = comparison.account_id
    gateway = gateways.gateway(credentials(account_id=account_id))
    told = tell_strangers(
        account_id=account_id, gateway=gateway, differences=walk.ledger.differences
    )
    comparison.healed += told.healed
    if told.taken:
        walk = _walk(comparison, traded)
        told = tell_strangers(
            account_id=account_id, gateway=gateway, differences=walk.ledger.differences
        )
    walk.ledger.differences = told.differences
    return walk, told.waiting


def _against_positions(comparison: Comparison, traded: Traded, walk: Walk) -> list[Difference]:
    """Return the bots whose stored profit or fees do not follow from the venue's trades.

    A bot with a fill after the walk's end is left for the next one.
    """
    drawn = walk.ledger.venue
    pairs = [(bot, traded.instrument_id) for bot in drawn]
    stored = stored_states(pairs=pairs) if pairs else {}
    slugs = dict(Bot.objects.filter(id__in=list(drawn)).values_list("id", "slug"))
    found, judged = [], 0
    for bot, state in sorted(drawn.items()):
        booked = stored.get((bot, traded.instrument_id))
        if booked is None or booked.last_fill_at != state.last_fill_at:
            continue
        judged += 1
        if (booked.realised_profit, booked.fees) != (state.realised_profit, state.fees):
            subject = f"{slugs.get(bot, bot)} {traded.symbol}{POSITION}"
            found.append(
                Difference("profit", subject, "warning", book=_sums(booked), venue=_sums(state))
            )
    comparison.compared += judged
    comparison.equal += judged - len(found)
    return found


def _sums(state: State) -> dict[str, str]:
    return {"profit": plain(state.realised_profit), "fees": plain(state.fees)}


def _keep(comparison: Comparison, traded: Traded, walk: Walk) -> None:
    """Store what each day came to, and the mark, together: a walk that dies left nothing behind."""
    at = now()
    key: dict[str, Any] = {
        "account_id": comparison.account_id,
        "instrument_id": traded.instrument_id,
    }
    rows = [
        ProfitDay(
            **key, day=day, fills_desk=t.fills_desk, fills_venue=t.fills_venue,
            fills_equal=t.fills_equal, profit_desk=t.profit_desk, profit_venue=t.profit_venue,
            fees_desk={a: plain(v) for a, v in sorted(t.fees_desk.items())},
            fees_venue={a: plain(v) for a, v in sorted(t.fees_venue.items())}, checked_at=at,
        )
        for day, t in sorted(walk.ledger.days.items())
    ]  # fmt: skip
    with transaction.atomic():
        ProfitDay.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["account", "instrument", "day"],
            update_fields=["fills_desk", "fills_venue", "fills_equal", "profit_desk",
                           "profit_venue", "fees_desk", "fees_venue", "checked_at"],
        )  # fmt: skip
        if walk.verified_through is not None:
            HistoryMark.objects.update_or_create(
                **key,
                defaults={
                    "through": walk.verified_through, "fills": walk.verified_fills,
                    "states": walk.states, "checked_at": at,
                },
            )  # fmt: skip
