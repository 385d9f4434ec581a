"""An act before it is done: its words, what it asks for, and the check of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from django.http import QueryDict

REASON_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """One way of doing the act."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a dialog says and asks.

    Level 0 needs nothing, 1 a click, 2 also a reason and the typed `phrase`. `is_safer` puts the
    focus on the verb, otherwise on Back. `fingerprint` names the counts that the words rely on.
    """

    title: str
    verb: str
    lines: tuple[str, ...]
    level: int = 1
    is_safer: bool = True
    needs_reason: bool = False
    phrase: str = ""
    choices: tuple[Choice, ...] = ()
    fingerprint: str = ""
    fields: dict[str, list[str]] = field(default_factory=dict)

    @property
    def asks_reason(self) -> bool:
        """Whether a reason may be given; from level 1 on it always may."""
        return self.level >= 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person sent."""

    reason: str
    choice: str


def check_answer(prompt: Prompt, sent: QueryDict) -> tuple[Answer, dict[str, str]]:
    """Return the answer and what is wrong with it, by field; nothing wrong means: go."""
    reason = sent.get("reason", "").strip()
    choice = sent.get("choice", prompt.choices[0].value if prompt.choices else "")
    errors: dict[str, str] = {}
    if prompt.needs_reason and not reason:
        errors["reason"] = "Say why: the reason is kept in the audit."
    if len(reason) > REASON_MAX:
        errors["reason"] = f"At most {REASON_MAX} characters."
    if prompt.phrase and sent.get("phrase", "").strip() != prompt.phrase:
        errors["phrase"] = f"Type {prompt.phrase} exactly."
    if prompt.choices and choice not in {item.value for item in prompt.choices}:
        errors["choice"] = "Choose one."
    if prompt.level >= 2 and sent.get("fingerprint", "") != prompt.fingerprint:
        errors["fingerprint"] = "The counts changed since you looked. Read them again and repeat."
    return Answer(reason=reason, choice=choice), errors
