"""What an act would touch: counted for its dialog, and again when it is done."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Abs

from apps.bots.domain.stages import STAGES
from apps.bots.models import Bot
from apps.dashboard.domain.formats import number
from apps.dashboard.domain.live import version
from apps.dashboard.domain.states import STAGE_WORDS
from apps.dashboard.queries.positions import holdings
from apps.orders.domain.lifecycle import UNFINISHED
from apps.orders.models import Order
from apps.portfolio.models import Position


@dataclass(frozen=True, slots=True)
class Effects:
    """Bots, open orders and positions in a scope; values per stage and quote asset."""

    bots: tuple[str, ...]
    orders: int
    stops: int
    positions: int
    values: tuple[tuple[str, str, Decimal], ...]

    @property
    def fingerprint(self) -> str:
        """What the dialog showed; a form that was filled in beside other counts is asked again."""
        return version(self.bots, self.orders, self.stops, self.positions)

    @property
    def bot_words(self) -> str:
        """The bots by name, three at most."""
        shown = ", ".join(self.bots[:3])
        more = len(self.bots) - 3
        return f"{shown} and {more} more" if more > 0 else shown or "no bot"

    @property
    def value_words(self) -> str:
        """What the positions are worth, never summed across stages."""
        return "; ".join(
            f"{number(value)} {quote} on {STAGE_WORDS[stage].lower()}"
            for stage, quote, value in self.values
        )


def bots_in(*, scope_kind: str, scope_id: str) -> QuerySet[Bot]:
    """Return the bots that a scope covers."""
    conditions: dict[str, Q] = {
        "desk": Q(),
        "stage": Q(stage=scope_id),
        "venue": Q(account__venue=scope_id),
        "strategy": Q(config__strategy_version__strategy__name=scope_id),
    }
    if scope_kind in {"bot", "account"}:
        key = UUID(scope_id)
        condition = Q(pk=key) if scope_kind == "bot" else Q(account_id=key)
    elif scope_kind == "instrument":
        condition = Q(config__instruments__instrument_id=int(scope_id))
    else:
        condition = conditions[scope_kind]
    return Bot.objects.filter(condition, archived_at=None).distinct()


def effects_of(bots: QuerySet[Bot]) -> Effects:
    """Return what stands behind `bots` right now (four statements)."""
    names = dict(bots.order_by("slug").values_list("id", "slug"))
    unfinished = Order.objects.filter(bot_id__in=names, status__in=UNFINISHED)
    counts = unfinished.aggregate(all=Count("id"), stops=Count("id", filter=Q(purpose="protect")))
    positions = Position.objects.filter(bot_id__in=names).annotate(size=Abs("amount"))
    held = positions.filter(size__gte=F("instrument__amount_step")).count()
    values: dict[tuple[str, str], Decimal] = {}
    if held:
        for row in holdings():
            if row.bot_id in names:
                key = (row.stage, row.quote)
                values[key] = values.get(key, Decimal(0)) + abs(row.value or row.basis)
    return Effects(
        bots=tuple(names.values()),
        orders=counts["all"] - counts["stops"],
        stops=counts["stops"],
        positions=held,
        values=tuple(
            (stage, quote, value)
            for (stage, quote), value in sorted(
                values.items(), key=lambda item: STAGES.index(item[0][0])
            )
        ),
    )


def plural(count: int, word: str, words: str = "") -> str:
    """Return `1 order`, `2 orders`; `words` where the plural is another one."""
    return f"{count} {word}" if count == 1 else f"{count} {words or word + 's'}"


def scope_words(*, scope_kind: str, name: Any) -> str:
    """Return a scope as people say it."""
    return "the whole desk" if scope_kind == "desk" else f"{scope_kind} {name}"
