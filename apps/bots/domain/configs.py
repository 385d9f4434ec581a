"""What a config version says, in canonical form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ConfigContent:
    """A config as a person writes it; `symbols` are ccxt symbols of the account's venue."""

    strategy: str
    timeframe: str
    symbols: tuple[str, ...]
    sizing: Mapping[str, Any]
    protection: Mapping[str, Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    execution: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; symbols sorted, so that equal contents are equal texts.

        An execution that sets nothing is left out: contents from before it keep their hash.
        """
        execution = {"execution": dict(self.execution)} if self.execution else {}
        return execution | {
            "strategy": self.strategy,
            "timeframe": self.timeframe,
            "symbols": sorted(self.symbols),
            "sizing": dict(self.sizing),
            "protection": dict(self.protection),
            "parameters": dict(self.parameters),
        }


def content_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of `content` as canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
