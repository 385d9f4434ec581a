"""Halt a scope and release it: words and act side by side."""

from __future__ import annotations

from typing import Final

from apps.core.actor import Actor
from apps.core.errors import InvalidInput
from apps.dashboard.acts.prompts import Answer, Choice, Prompt
from apps.dashboard.queries.effects import Effects, bots_in, effects_of, plural
from apps.risk.actions.halt import halt
from apps.risk.models import Restriction

WIDE: Final = frozenset({"desk", "stage", "venue"})
CHOICES: Final = (
    Choice("keep", "Keep positions open; their stops stay at the venue"),
    Choice("flatten", "Close positions at market after cancelling"),
)


def halt_prompt(*, scope_kind: str, scope_id: str, name: str) -> Prompt:
    """Return the dialog of a halt, with what it touches right now."""
    effects = effects_of(bots_in(scope_kind=scope_kind, scope_id=scope_id))
    target = "the desk" if scope_kind == "desk" else name
    lines = (
        "No new order leaves from the moment this is recorded.",
        f"{plural(len(effects.bots), 'bot')} in it: {effects.bot_words}.",
        f"{plural(effects.orders, 'open order')} will be cancelled at the venue. {_stops(effects)}",
        _positions(effects),
        "It stays until a risk manager releases it, also over restarts.",
    )
    phrase = (
        f"HALT {'DESK' if scope_kind == 'desk' else name.upper()}" if scope_kind in WIDE else ""
    )
    return Prompt(
        title=f"Halt {target}",
        verb=f"Halt {target}",
        lines=lines,
        level=2 if phrase else 1,
        needs_reason=True,
        phrase=phrase,
        choices=CHOICES if effects.positions else (),
        fingerprint=effects.fingerprint,
    )


def perform_halt(*, actor: Actor, scope_kind: str, scope_id: str, name: str, answer: Answer) -> str:
    """Commit the halt; the control process cancels and, where asked, flattens."""
    flatten = answer.choice == "flatten"
    halt(
        actor=actor, scope_kind=scope_kind, scope_id=scope_id, reason=answer.reason, flatten=flatten
    )
    target = "The desk" if scope_kind == "desk" else name
    return f"{target} is halted. Open orders are being cancelled{'; positions will be closed' if flatten else ''}."


def release_prompt(restriction: Restriction, name: str) -> Prompt:
    """Return the dialog of a release or lift."""
    is_halt = restriction.state == "halted"
    effects = effects_of(bots_in(scope_kind=restriction.scope_kind, scope_id=restriction.scope_id))
    lines = (
        f"Set by {restriction.set_by}: {restriction.reason}",
        f"{plural(len(effects.bots), 'bot')} may trade again: {effects.bot_words}.",
        _positions(effects),
    )
    verb = "Release" if is_halt else "Lift"
    return Prompt(
        title=f"{verb} {name}", verb=verb, lines=lines, is_safer=False, needs_reason=True,
        level=2 if restriction.scope_kind == "desk" else 1,
        phrase="RELEASE DESK" if restriction.scope_kind == "desk" else "",
        fingerprint=effects.fingerprint,
    )  # fmt: skip


def _stops(effects: Effects) -> str:
    return (
        f"{plural(effects.stops, 'protective stop')} left in place."
        if effects.stops
        else "No stop stands there."
    )


def _positions(effects: Effects) -> str:
    if not effects.positions:
        return "No position is open in it."
    return f"{plural(effects.positions, 'position')} worth {effects.value_words} in it."


def check_scope(*, scope_kind: str, scope_id: str) -> None:
    """Refuse a scope whose id cannot be one.

    :raises InvalidInput: `SCOPE_UNKNOWN`.
    """
    try:
        bots_in(scope_kind=scope_kind, scope_id=scope_id)
    except (KeyError, ValueError) as error:
        raise InvalidInput("SCOPE_UNKNOWN", scope_kind=scope_kind, scope_id=scope_id) from error
