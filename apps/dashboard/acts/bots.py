"""Start, pause, resume, stop and demote a bot: words and act side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from apps.accounts.queries import desk
from apps.bots.actions.demote import demote
from apps.bots.actions.pause import pause
from apps.bots.actions.resume import resume
from apps.bots.actions.start import start
from apps.bots.actions.stop import stop
from apps.bots.domain.stages import REAL_MONEY, STAGES, environment_fits
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.dashboard.acts.prompts import Answer, Choice, Prompt
from apps.dashboard.domain.states import STAGE_WORDS
from apps.dashboard.queries.effects import Effects, plural
from apps.dashboard.queries.money import equity_by_account


@dataclass(frozen=True, slots=True)
class BotAct:
    """One verb on one bot."""

    permission: str
    states: frozenset[str]
    prompt: Callable[[Bot, Effects], Prompt]
    perform: Callable[[Actor, Bot, Answer], str]


def _stays(effects: Effects) -> str:
    """Say what is left standing."""
    if not effects.positions:
        return "It holds nothing."
    stops = (
        f", protected by {plural(effects.stops, 'stop')}"
        if effects.stops
        else ", without a stop at the venue"
    )
    return f"{plural(effects.positions, 'position')} worth {effects.value_words} stays{stops}."


def _pause_prompt(bot: Bot, effects: Effects) -> Prompt:
    lines = (
        f"{bot.slug} makes no new entries. Its exits and stops go on.",
        f"{plural(effects.orders, 'open order')} and {plural(effects.stops, 'stop')} stay at the venue.",
        _stays(effects),
    )
    return Prompt(
        title=f"Pause {bot.slug}", verb="Pause", lines=lines, fingerprint=effects.fingerprint
    )


def _resume_prompt(bot: Bot, effects: Effects) -> Prompt:
    lines = (f"{bot.slug} may enter again from its next candle on.", _stays(effects))
    return Prompt(
        title=f"Resume {bot.slug}",
        verb="Resume",
        lines=lines,
        is_safer=False,
        fingerprint=effects.fingerprint,
    )


def _start_prompt(bot: Bot, effects: Effects) -> Prompt:
    number = bot.config.number if bot.config else 0
    lines: tuple[str, ...] = (
        f"{bot.slug} trades config version {number} on {STAGE_WORDS[bot.stage].lower()}, from its next candle on.",
        _stays(effects),
    )
    if bot.stage in REAL_MONEY:
        lines = (*lines, "On real money a start needs a change request that others approved.")
    return Prompt(
        title=f"Start {bot.slug}",
        verb="Start",
        lines=lines,
        is_safer=False,
        fingerprint=effects.fingerprint,
    )


def _stop_prompt(bot: Bot, effects: Effects) -> Prompt:
    choices = (
        Choice("keep", "Stop now and keep what it holds; stops stay at the venue"),
        Choice("exits_only", "Only its own exits from now on; it stops when it is flat"),
    )
    lines = (
        f"{bot.slug} decides nothing any more. A stop never trades.",
        f"{plural(effects.orders, 'open order')} and {plural(effects.stops, 'stop')} stay at the venue.",
        _stays(effects),
    )
    return Prompt(
        title=f"Stop {bot.slug}", verb="Stop", lines=lines, needs_reason=True,
        choices=choices if effects.positions else (), fingerprint=effects.fingerprint,
    )  # fmt: skip


def _demote_prompt(bot: Bot, effects: Effects) -> Prompt:
    lower = STAGES[: STAGES.index(bot.stage)]
    rehearsal = desk().rehearsal
    fitting = [
        s
        for s in lower
        if environment_fits(stage=s, environment=bot.account.environment, rehearsal=rehearsal)
    ]
    choices = tuple(Choice(stage, STAGE_WORDS[stage]) for stage in reversed(fitting))
    lines: tuple[str, ...] = (
        f"{bot.slug} falls from {STAGE_WORDS[bot.stage].lower()} at once. Climbing again needs its gates and votes.",
        _stays(effects),
    )
    if not choices:
        lines = (
            *lines,
            "No lower stage fits its account: stop it and let it become flat, then move it by the API.",
        )
    return Prompt(
        title=f"Demote {bot.slug}", verb="Demote", lines=lines, needs_reason=True, choices=choices,
        fingerprint=effects.fingerprint,
    )  # fmt: skip


def _paused(actor: Actor, bot: Bot, answer: Answer) -> str:
    pause(actor=actor, bot_id=bot.pk, reason=answer.reason)
    return f"{bot.slug} is paused: no new entries, exits and stops go on."


def _resumed(actor: Actor, bot: Bot, answer: Answer) -> str:
    resume(actor=actor, bot_id=bot.pk, reason=answer.reason)
    return f"{bot.slug} runs again."


def _started(actor: Actor, bot: Bot, answer: Answer) -> str:
    equity = equity_by_account().get(bot.account_id)
    known = equity.value if equity else None
    start(actor=actor, bot_id=bot.pk, reason=answer.reason, equity=known)
    return f"{bot.slug} runs; it decides at its next candle."


def _stopped(actor: Actor, bot: Bot, answer: Answer) -> str:
    if answer.choice == "exits_only":
        now = stop(actor=actor, bot_id=bot.pk, mode="exits_only", reason=answer.reason)
        return (
            f"{bot.slug} is stopped."
            if now.state == "stopped"
            else f"{bot.slug} stops when it is flat."
        )
    stop(actor=actor, bot_id=bot.pk, mode="keep", reason=answer.reason)
    return f"{bot.slug} is stopped and keeps what it holds."


def _demoted(actor: Actor, bot: Bot, answer: Answer) -> str:
    rehearsal = desk().rehearsal
    demote(
        actor=actor,
        bot_id=bot.pk,
        to_stage=answer.choice,
        reason=answer.reason,
        rehearsal=rehearsal,
    )
    return f"{bot.slug} is on {STAGE_WORDS[answer.choice].lower()} now."


ACTS: Final[dict[str, BotAct]] = {
    "start": BotAct(
        "operate_bots", frozenset({"draft", "stopped", "failed"}), _start_prompt, _started
    ),
    "pause": BotAct("pause_bots", frozenset({"running"}), _pause_prompt, _paused),
    "resume": BotAct("operate_bots", frozenset({"paused"}), _resume_prompt, _resumed),
    "stop": BotAct(
        "operate_bots", frozenset({"running", "paused", "failed"}), _stop_prompt, _stopped
    ),
    "demote": BotAct("demote_bots", frozenset(), _demote_prompt, _demoted),
}
