"""The Python files of the desk, parsed once; shared by the architecture tests."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Source:
    """One file below apps/ or tradingdesk/."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def app(self) -> str:
        """The room of the ladder, empty outside apps/."""
        parts = self.path.relative_to(ROOT).parts
        return parts[1] if parts[0] == "apps" and len(parts) > 2 else ""

    @property
    def is_migration(self) -> bool:
        return "migrations" in self.path.parts

    @cached_property
    def _functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        kinds = ast.FunctionDef | ast.AsyncFunctionDef
        return [node for node in ast.walk(self.tree) if isinstance(node, kinds)]

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return iter(self._functions)


@cache
def sources(*, migrations: bool = False) -> list[Source]:
    found = [
        Source(path)
        for folder in ("apps", "tradingdesk")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]
    return [source for source in found if migrations or not source.is_migration]


def ladder() -> list[str]:
    """The rooms from top to bottom, as .importlinter has them; siblings share a line."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    lines = parser["importlinter:contract:ladder"]["layers"].split("\n")
    return [line.strip() for line in lines if line.strip()]


def height(app: str) -> int:
    """How high a room stands; core is 0."""
    for level, line in enumerate(reversed(ladder())):
        if app in {name.strip(" ()") for name in line.split("|")}:
            return level
    raise AssertionError(f"{app} has no place on the ladder of .importlinter")
