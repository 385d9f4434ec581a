"""Open a real case: do at the exchange we run what the desk has to find."""

from __future__ import annotations

from django.conf import settings

from apps.core.actor import Actor
from apps.core.errors import InvalidInput
from apps.demo.domain.breaks import BREAKS, Break, Scene, terms
from apps.demo.gateways.by_hand import cancel_by_hand
from apps.marketdata.models import Quote
from apps.orders.models import Order
from apps.simulator.actions.arm_fault import arm_fault
from apps.venues.domain.capabilities import CAPABILITIES
from apps.venues.models import VenueAccount
from apps.venues.queries import credentials


def break_books(
    *, actor: Actor, kind: str, account: str = "", symbol: str = ""
) -> tuple[str, Break]:
    """Do it on a simulated account; return the account and the break.

    Unless named it is the first one that trades what the break happens to.

    :raises InvalidInput: `BREAK_UNKNOWN`, `ONLY_SIMULATED`, `BREAK_ELSEWHERE` (an account of
        another market, where it would go by unseen), `NOTHING_TO_BREAK`.
    :raises DeskError: the exchange's refusal, or `EXCHANGE_UNREACHABLE`.
    """
    if kind not in BREAKS:
        raise InvalidInput("BREAK_UNKNOWN", field="kind", value=kind, known=", ".join(BREAKS))
    chosen = _account(account, BREAKS[kind].market)
    if kind == "foreign_cancel":
        _cancel_a_stop(chosen)
    else:
        scene = _scene(chosen, symbol)
        arm_fault(
            actor=actor,
            terms=terms(kind=kind, account=chosen.slug, scene=scene),
            reason=f"demo break {kind}",
        )
    return chosen.slug, BREAKS[kind]


def _account(slug: str, market: str) -> VenueAccount:
    venues = sorted(venue for venue, kind in CAPABILITIES if kind == market)
    rows = VenueAccount.objects.filter(archived_at=None).exclude(api_key_sealed="")
    if slug:
        found = rows.filter(slug=slug).first()
        if found is None or found.environment != "simulated":
            raise InvalidInput("ONLY_SIMULATED", field="account", value=slug)
        if found.venue not in venues:
            raise InvalidInput("BREAK_ELSEWHERE", field="account", value=slug, would_pass=market)
        return found
    found = rows.filter(environment="simulated", venue__in=venues).order_by("created_at").first()
    if found is None:
        raise InvalidInput("NOTHING_TO_BREAK", message=f"There is no simulated {market} account.")
    return found


def _scene(account: VenueAccount, symbol: str) -> Scene:
    """Return the named instrument, or the first that one of the account's bots trades."""
    quotes = Quote.objects.select_related("instrument").filter(
        instrument__venue=account.venue, instrument__environment="simulated"
    )
    if symbol:
        quotes = quotes.filter(instrument__symbol=symbol.upper())
    found = quotes.order_by("instrument__symbol").first()
    if found is None:
        raise InvalidInput(
            "NOTHING_TO_BREAK", message="No price of such an instrument is known yet."
        )
    item = found.instrument
    return Scene(
        item.symbol.partition(":")[0], item.amount_step, item.price_tick, found.last, item.quote
    )


def _cancel_a_stop(account: VenueAccount) -> None:
    stop = (
        Order.objects.select_related("instrument")
        .filter(account=account, purpose="protect", status="open")
        .order_by("decided_at")
        .first()
    )
    if stop is None:
        raise InvalidInput("NOTHING_TO_BREAK", message="No stop rests on this account now.")
    cancel_by_hand(
        url=settings.SIMULATOR_URL,
        access=credentials(account_id=account.pk),
        symbol=f"{stop.instrument.base}{stop.instrument.quote}",
        client_order_id=stop.client_order_id,
    )
