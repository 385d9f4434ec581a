"""Stages of a bot and the environments they may use."""

from __future__ import annotations

from typing import Final

STAGES: Final = ("paper", "testnet", "small_capital", "mainnet")
REAL_MONEY: Final = frozenset({"small_capital", "mainnet"})
ENVIRONMENTS: Final[dict[str, frozenset[str]]] = {
    "paper": frozenset({"simulated"}),
    "testnet": frozenset({"testnet", "simulated"}),
    "small_capital": frozenset({"live"}),
    "mainnet": frozenset({"live"}),
}


def environment_fits(*, stage: str, environment: str, rehearsal: bool) -> bool:
    """Return whether a bot of `stage` may trade on an account of `environment`."""
    if rehearsal:
        return environment == "simulated"
    return environment in ENVIRONMENTS[stage]


def next_stage(stage: str) -> str | None:
    """Return the stage above `stage`, or None at the top."""
    index = STAGES.index(stage) + 1
    return STAGES[index] if index < len(STAGES) else None
