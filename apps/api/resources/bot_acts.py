"""What may be done to a bot over the API: verb → permission, preview, act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Q
from rest_framework.request import Request

from apps.api.caller import may
from apps.bots.actions.pause import pause
from apps.bots.actions.resume import resume
from apps.bots.actions.start import start
from apps.bots.actions.stop import stop
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.domain.money import plain
from apps.core.errors import NotPermitted
from apps.orders.domain.lifecycle import UNFINISHED
from apps.risk.actions.halt import halt


def _halt(actor: Actor, bot: Bot, reason: str) -> None:
    halt(actor=actor, scope_kind="bot", scope_id=str(bot.id), reason=reason)


@dataclass(frozen=True, slots=True)
class BotAct:
    """One verb; `permission` is asked of the caller, `words` say what it does."""

    permission: str
    words: str
    run: Callable[[Actor, Bot, str], object]

    def check(self, request: Request) -> None:
        """Refuse a caller without the verb's own permission.

        :raises NotPermitted: naming it.
        """
        if self.permission not in may(request):
            raise NotPermitted(permission=self.permission)

    def preview(self, bot: Bot) -> dict[str, Any]:
        """Return what the act would meet: open orders and what is held."""
        orders = bot.orders.filter(status__in=UNFINISHED)
        counts = orders.aggregate(
            entries=Count("pk", filter=~Q(purpose="protect")),
            stops=Count("pk", filter=Q(purpose="protect")),
        )
        held = bot.positions.exclude(amount=0).select_related("instrument")
        return {
            "dry_run": True,
            "would": self.words,
            "bot": bot.slug,
            "state": bot.state,
            "open_orders": counts["entries"],
            "protective_stops": counts["stops"],
            "positions": [{"symbol": p.instrument.symbol, "amount": plain(p.amount)} for p in held],
        }


ACTS: Final[dict[str, BotAct]] = {
    "start": BotAct(
        "operate_bots",
        "Start the bot's cycles.",
        lambda a, b, r: start(actor=a, bot_id=b.id, reason=r),
    ),
    "pause": BotAct(
        "pause_bots",
        "No new entries; exits go on.",
        lambda a, b, r: pause(actor=a, bot_id=b.id, reason=r),
    ),
    "resume": BotAct(
        "operate_bots", "Entries again.", lambda a, b, r: resume(actor=a, bot_id=b.id, reason=r)
    ),
    "stop": BotAct(
        "operate_bots",
        "No more cycles; positions stay with their stop at the exchange.",
        lambda a, b, r: stop(actor=a, bot_id=b.id, reason=r),
    ),
    "halt": BotAct("halt", "Cancel entries and exits, keep stops, block new orders.", _halt),
}
