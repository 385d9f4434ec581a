"""The running code of a strategy, as a hash: what a config version pins."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from apps.strategies.domain import talib
from apps.strategies.domain.parameters import schema
from apps.strategies.domain.registry import strategy_named

PACKAGE = "apps.strategies.domain"


@lru_cache(maxsize=64)
def source_hash(name: str) -> str:
    """Return the SHA-256 over the strategy's module, what it imports from this app's domain,
    its parameter schema and the versions of TA-Lib and numpy.

    :raises NotFound: `UNKNOWN_STRATEGY`.
    """
    strategy = strategy_named(name)
    found: dict[str, str] = {}
    _collect(type(strategy).__module__, found)
    content = {
        "sources": found,
        "schema": schema(strategy),
        "libraries": {"numpy": np.__version__, "talib": talib.__version__},
        "ta_lib": str(getattr(talib, "__ta_version__", b"")),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _collect(module: str, found: dict[str, str]) -> None:
    """Read `module` and, transitively, the modules of the domain package that it imports."""
    spec = find_spec(module)
    if module in found or spec is None or spec.origin is None:
        return
    found[module] = inspect.cleandoc(Path(spec.origin).read_text(encoding="utf-8"))
    for node in ast.walk(ast.parse(found[module])):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
            _collect(node.module, found)
