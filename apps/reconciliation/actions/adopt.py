"""Let a bot take over an order or a position that was made past the desk."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from apps.approvals.models import ChangeRequest
from apps.audit.context import acting
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.bell import ring_after_commit
from apps.core.clock import now, to_ms
from apps.core.domain.money import ZERO
from apps.core.ids import new_id
from apps.marketdata.clock import market_now
from apps.marketdata.models import Instrument
from apps.orders.actions.store_facts import store_facts
from apps.orders.actions.write_events import Happening, write_events
from apps.orders.domain.lifecycle import PRICED, TYPES
from apps.orders.models import Order, VenueFact
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.actions.absorb_lock import absorb_lock
from apps.portfolio.models import Position
from apps.reconciliation.actions.lock_case import end_case
from apps.reconciliation.actions.prove import prove
from apps.reconciliation.domain.adjustments import ADOPT, NotThisWay
from apps.reconciliation.models import Case
from apps.risk.models import Verdict
from apps.venues.domain.reports import FillReport, OrderReport

NOT_JUDGED: Final = [{"code": "NOT_JUDGED", "reason": "adopted"}]


def adopt(*, actor: Actor, proof: ChangeRequest | None) -> Case:
    """Record the order as one of the bot's, book its fills so far, and resolve the case.

    Its verdict says that nobody judged it. From here on the bot's stop and limits count it in.

    :raises RequiresChangeRequest, ProofMismatch, CaseClosed: see `prove`.
    :raises NotThisWay: the order's type has no row on the desk.
    """
    with transaction.atomic():
        case, stored = prove(proof=proof, kind=ADOPT)
        terms, at = stored.content["order"], now()
        reason = f"{stored.reference}: {stored.reason}"
        absorb_lock(account_id=case.account_id)
        bot = Bot.objects.get(id=stored.content["bot_id"])
        request = str(stored.pk)
        with acting(actor=actor, verb="case.adopt", reason=reason, change_request=request):
            order = _record(bot, terms, case, at, requested_by=stored.requested_by.username)
            # what was told before of a stranger's order is told of ours now
            known = VenueFact.objects.filter(
                account_id=case.account_id, result="foreign", venue_order_id=order.venue_order_id
            )
            known.filter(content__symbol=terms["symbol"]).update(absorbed_at=None, result="")
            store_facts(
                account_id=case.account_id, source="reconcile", orders=[_report(order, terms, at)],
                fills=[_fill(order, fill, at) for fill in terms["fills"]],
            )  # fmt: skip
            absorb(account_id=case.account_id)
            case.change_request_id = stored.pk
            end_case(case=case, actor=actor, verb="adopt", resolution=reason)
    ring_after_commit("reconcile", "orders", "positions", "fleet")
    return case


def _record(
    bot: Bot, terms: dict[str, Any], case: Case, at: datetime, *, requested_by: str
) -> Order:
    kind = terms["type"]
    rate = terms["trailing_rate"]
    if kind not in TYPES or (kind == "trailing_stop_market" and not rate):
        raise NotThisWay(kind=case.kind, way="adopt", type=kind)
    account = case.account
    instrument = Instrument.objects.get(
        venue=account.venue, environment=account.environment, symbol=terms["symbol"]
    )
    assert bot.config_id is not None, "the content was refused without one"
    sent = terms.get("author") or {}
    purpose = sent.get("purpose") or _purpose(bot, instrument, terms["side"])
    verdict = Verdict.objects.create(
        account_id=account.pk, bot=bot, instrument=instrument, is_allowed=False, codes=NOT_JUDGED,
        proposal={"purpose": purpose, "adopted": str(case.id)}, at=at,
    )  # fmt: skip
    order = Order.objects.create(
        id=new_id(), client_order_id=terms["client_order_id"][:36] or f"adopted{case.id.hex[:25]}",
        account_id=account.pk, bot=bot, config_id=sent.get("config_id") or bot.config_id,
        instrument=instrument,
        verdict=verdict, purpose=purpose, side=terms["side"], type=kind,
        amount=Decimal(terms["amount"]), venue_order_id=terms["venue_order_id"],
        price=Decimal(terms["price"]) if kind in PRICED else None,
        stop_price=Decimal(terms["stop_price"]) if terms["stop_price"] else None,
        trailing_rate=Decimal(rate) if rate else None, **_as_sent(sent),
        status="submitted", fence=1, decided_at=at, submitted_at=at, send_by=market_now(), origin="venue",
        requested_by=requested_by, reason=f"adopted from case {case.id}",
    )  # fmt: skip
    happened = {"case": str(case.id)}
    write_events(
        happenings=[
            Happening(order.id, "", "created", "adopted", happened),
            Happening(order.id, "created", "submitted", "adopted"),
        ],
        at=at,
    )
    return order


def _as_sent(sent: dict[str, Any]) -> dict[str, Any]:
    """Return the terms that the id of a proven order hashes, so that row and id agree (I17)."""
    if not sent:
        return {}
    worst = sent["worst_price"]
    names = ("scheduled", "leg", "attempt", "reduce_only", "position_side")
    return {name: sent[name] for name in names} | {"worst_price": Decimal(worst) if worst else None}


def _purpose(bot: Bot, instrument: Instrument, side: str) -> str:
    held = Position.objects.filter(bot=bot, instrument=instrument).first()
    amount = held.amount if held is not None else ZERO
    is_against = amount > 0 if side == "sell" else amount < 0
    return "reduce" if is_against or (instrument.kind == "spot" and side == "sell") else "entry"


def _report(order: Order, terms: dict[str, Any], at: datetime) -> OrderReport:
    filled = sum((Decimal(fill["amount"]) for fill in terms["fills"]), ZERO)
    return OrderReport(
        client_order_id=order.client_order_id, venue_order_id=order.venue_order_id,
        symbol=terms["symbol"], status="open" if terms["is_open"] else terms["status"] or "closed",
        side=order.side, type=order.type, amount=order.amount, filled=filled, cost=ZERO,
        price=order.price, stop_price=order.stop_price, at_ms=to_ms(at),
    )  # fmt: skip


def _fill(order: Order, told: dict[str, str], at: datetime) -> FillReport:
    realised = told.get("realised")
    return FillReport(
        symbol=told["symbol"], venue_order_id=told["venue_order_id"],
        venue_trade_id=told["venue_trade_id"], client_order_id=order.client_order_id,
        side=told["side"], price=Decimal(told["price"]), amount=Decimal(told["amount"]),
        cost=Decimal(told["cost"]), fee=Decimal(told["fee"]), fee_asset=told["fee_asset"],
        liquidity=told["liquidity"], at_ms=int(told["at_ms"] or to_ms(at)),
        realised=Decimal(realised) if realised else None,
    )  # fmt: skip
