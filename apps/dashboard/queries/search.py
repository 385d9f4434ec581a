"""What the palette finds: pages, bots, orders, requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from apps.approvals.models import ChangeRequest
from apps.bots.models import Bot
from apps.orders.models import Order

EACH: Final = 6
ID_LENGTH_MIN: Final = 6


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing to go to."""

    name: str
    kind: str
    address: str


def search(text: str, *, pages: list[Hit]) -> list[Hit]:
    """Return pages, bots, orders and requests that fit `text` (three statements)."""
    text = text.strip().lower()
    found = [page for page in pages if text in page.name.lower()][:EACH]
    bots = Bot.objects.filter(archived_at=None)
    if text:
        bots = bots.filter(Q(slug__icontains=text) | Q(name__icontains=text))
    for slug in bots.order_by("slug").values_list("slug", flat=True)[:EACH]:
        found.append(Hit(slug, "bot", f"/bots/{slug}/"))
    if len(text) >= ID_LENGTH_MIN:
        orders = Order.objects.filter(Q(client_order_id__startswith=text) | Q(venue_order_id=text))
        for key, symbol in orders.order_by("-decided_at").values_list(
            "client_order_id", "instrument__symbol"
        )[:EACH]:
            found.append(Hit(f"{key[:8]} {symbol}", "order", f"/orders/{key}/"))
    number = text.removeprefix("cr-").lstrip("0")
    if text:
        wanted = Q(title__icontains=text) | (
            Q(number=int(number)) if number.isdigit() and len(number) < 9 else Q()
        )
        for item, title in ChangeRequest.objects.filter(wanted).values_list("number", "title")[
            :EACH
        ]:
            found.append(Hit(f"CR-{item:04d} {title}", "request", f"/approvals/{item}/"))
    return found
