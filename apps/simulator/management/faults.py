"""`manage.py simulator faults ...`: list, set and clear knobs from the shell."""

from __future__ import annotations

import getpass
import json
from typing import Any

from django.core.management.base import CommandError

from apps.core.actor import Actor
from apps.core.errors import DeskError
from apps.simulator.actions.arm_fault import arm_fault
from apps.simulator.actions.clear_faults import clear_faults
from apps.simulator.queries import fault_knobs

USAGE = "faults list | faults set KIND [name=value ...] | faults clear [ID]"


def run_faults(words: list[str], *, account: str, as_json: bool) -> str:
    """Do what the words say and return what to print.

    :raises CommandError: for words that make no sense, and for every refusal.
    """
    try:
        answer = _act(words or ["list"], account)
    except DeskError as error:
        raise CommandError(str(error)) from error
    if as_json:
        return json.dumps(answer)
    knobs = answer["knobs"] if (words or ["list"]) == ["list"] else []
    did = {name: value for name, value in answer.items() if name not in {"armed", "knobs"}}
    lines = [
        f"{knob['kind']:<22} {knob['imitates']} [{' '.join(knob['parameters'])}]" for knob in knobs
    ]
    lines += [f"done: {json.dumps(did)}"] if did else []
    return "\n".join(lines + [_armed(fault) for fault in answer["armed"]] or ["Nothing is armed."])


def _act(words: list[str], account: str) -> dict[str, Any]:
    match words:
        case ["list"]:
            return fault_knobs()
        case ["set", kind, *pairs] if all("=" in pair for pair in pairs):
            terms = dict(pair.split("=", 1) for pair in pairs) | {"kind": kind}
            return arm_fault(
                actor=_person(), terms=terms | ({"account": account} if account else {})
            )
        case ["clear"]:
            return clear_faults(actor=_person(), account=account)
        case ["clear", number] if number.isdigit():
            return clear_faults(actor=_person(), number=int(number))
    raise CommandError(USAGE)


def _armed(fault: dict[str, Any]) -> str:
    left = "until cleared" if fault["count"] is None else f"{fault['count']} left"
    left = f"{fault['ms_left']} ms left" if "ms_left" in fault else left
    whose = fault["account"] or "anybody"
    return f"#{fault['id']} {fault['kind']} for {whose}, {left}: {fault['imitates']}"


def _person() -> Actor:
    name = getpass.getuser()
    return Actor(kind="person", id=f"os:{name}", name=f"{name} (shell)", role="shell")
