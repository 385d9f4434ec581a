"""The hard stops of the style guide: file 300 lines, function 50, six parameters."""

from __future__ import annotations

import ast

from tests.architecture.sources import Source, sources

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 50
PARAMETERS_MAX = 6


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count what a caller may give: self, cls, *args and **kwargs are not asked for."""
    names = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return len([name for name in names if name.arg not in {"self", "cls"}])


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def where(source: Source, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return f"{source}:{function.lineno} {function.name}"


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {str(source): len(source.text.splitlines()) for source in sources()}
    assert {path: n for path, n in lengths.items() if n > FILE_LINES_MAX} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    long = [
        f"{where(source, function)}: {length(function)}"
        for source in sources()
        for function in source.functions()
        if length(function) > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_no_function_takes_more_than_six_parameters() -> None:
    many = [
        f"{where(source, function)}: {parameters(function)}"
        for source in sources()
        for function in source.functions()
        if parameters(function) > PARAMETERS_MAX
    ]
    assert many == []


def test_every_parameter_and_result_is_annotated() -> None:
    bare = [
        where(source, function)
        for source in sources()
        for function in source.functions()
        if function.returns is None
        or any(
            a.annotation is None
            for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
            if a.arg not in {"self", "cls"}
        )
    ]
    assert bare == []
