"""What the house does not use: drawers for anything, signals, imports inside functions, broad excepts."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.sources import Source, sources

FORBIDDEN_MODULES = {"utils", "util", "helpers", "helper", "services", "service", "misc", "common"}
FORBIDDEN_PREFIXES = ("handle_", "process_", "manage_")
# Celery tells of process events by signals; none carries business.
SIGNALS_ALLOWED = {"tradingdesk/celery.py"}
# The embedded servers are a service in the word's own sense.
MODULES_ALLOWED = {"tradingdesk/embedded/services.py"}


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def inner_imports(source: Source) -> list[int]:
    return [
        node.lineno
        for function in source.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def test_no_module_is_a_drawer_for_anything() -> None:
    found = [
        str(source)
        for source in sources()
        if {source.path.stem, *source.path.relative_to(source.path.parents[2]).parts[:-1]}
        & FORBIDDEN_MODULES
    ]
    assert sorted(set(found) - MODULES_ALLOWED) == []


def test_django_signals_are_not_used() -> None:
    found = {
        str(source)
        for source in sources()
        if any(n.endswith(("dispatch", "models.signals", ".signals")) for n in calls(source.tree))
        or source.path.stem == "signals"
    }
    assert sorted(found - SIGNALS_ALLOWED) == []


def test_nothing_is_imported_inside_a_function() -> None:
    found = [f"{source}:{line}" for source in sources() for line in inner_imports(source)]
    assert found == []


def test_no_function_is_called_handle_process_or_manage_something() -> None:
    found = [
        f"{source}:{function.lineno} {function.name}"
        for source in sources()
        if "gateways" not in source.path.parts  # they override ccxt's own names
        for function in source.functions()
        if function.name.lstrip("_").startswith(FORBIDDEN_PREFIXES)
    ]
    assert found == []


def test_save_and_delete_of_models_hold_no_logic() -> None:
    found = [
        f"{source}:{function.lineno} {function.name}"
        for source in sources()
        if source.app and (source.path.stem == "models" or source.path.parent.name == "models")
        for function in source.functions()
        if function.name in {"save", "delete", "clean", "full_clean"}
    ]
    assert found == []


def is_broad(node: ast.ExceptHandler) -> bool:
    names = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(
        name is None or (isinstance(name, ast.Name) and name.id in {"Exception", "BaseException"})
        for name in names
    )


def test_a_broad_except_in_domain_models_or_queries_is_refused() -> None:
    found = [
        f"{source}:{node.lineno}"
        for source in sources()
        if "domain" in source.path.parts or source.path.stem in {"models", "queries"}
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and is_broad(node)
    ]
    assert found == []


def test_every_todo_carries_a_reason() -> None:
    found = [
        f"{source}:{number}"
        for source in sources(migrations=True)
        for number, line in enumerate(source.text.splitlines(), 1)
        if "TODO" in line and len(line.partition("TODO")[2].strip(" :#")) < 20
    ]
    assert found == []
