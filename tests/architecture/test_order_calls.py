"""One module alone creates, edits and cancels orders at a venue."""

from __future__ import annotations

import ast

from tests.architecture.sources import Source, sources

ORDER_CALLS = "apps/venues/gateways/order_calls.py"
# The names of ccxt's acting methods, in both spellings, with their many variants.
ACTING = (
    "create_order", "createorder", "edit_order", "editorder", "cancel_order", "cancelorder",
    "cancel_all", "cancelall", "create_market", "create_limit", "create_stop", "create_trigger",
    "create_trailing", "create_post_only", "create_reduce_only", "create_take_profit",
    "createmarket", "createlimit", "createstop", "createtrigger", "createtrailing",
    "createpostonly", "createreduceonly", "createtakeprofit", "edit_limit", "editlimit",
    "close_position", "closeposition", "close_all_positions", "closeallpositions", "withdraw",
    "transfer", "private_post_", "privatepost", "private_delete_", "privatedelete",
    "private_put_", "privateput",
)  # fmt: skip


def acting_calls(source: Source) -> list[str]:
    """Attribute calls such as exchange.create_order(…), and their names as text for getattr."""
    found = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name == "" and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            second = node.args[1] if len(node.args) > 1 else None
            name = second.value if isinstance(second, ast.Constant) else ""
        if str(name).lower().startswith(ACTING):
            found.append(f"{source}:{node.lineno} {name}")
    return found


def test_only_order_calls_acts_at_a_venue() -> None:
    outside = [
        line
        for source in sources()
        if str(source).startswith("apps/venues/") and str(source) != ORDER_CALLS
        for line in acting_calls(source)
    ]
    assert outside == []


def test_nobody_else_touches_an_exchange_object() -> None:
    """ccxt objects carry `exchange` or `session` in their names wherever they are held."""
    outside = [
        f"{source}:{node.lineno}"
        for source in sources()
        if str(source) != ORDER_CALLS
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and node.attr.lower().startswith(ACTING)
        and any(word in ast.unparse(node.value).lower() for word in ("exchange", "ccxt", "client"))
    ]
    assert outside == []


def test_ccxt_is_loaded_by_name_in_the_gateways_only() -> None:
    """The import linter does not see importlib, by which the gateways save 2 s of start-up."""
    loaders = {"import_module", "__import__", "find_spec"}
    outside = [
        f"{source}:{node.lineno}"
        for source in sources()
        if not str(source).startswith("apps/venues/gateways/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in loaders
        and any("ccxt" in ast.unparse(argument) for argument in node.args)
    ]
    assert outside == []
