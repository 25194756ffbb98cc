"""Files and functions stay small enough to be read at once."""

import ast
from pathlib import Path

from tests.architecture.source import ROOT, modules, short, templates, tree

FUNCTION_LINES_MAX = 70
VIEW_LINES_MAX = 25
FILE_LINES_MAX = 400
TEMPLATE_LINES_MAX = 200
TEST_FILE_LINES_MAX = 500


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def too_long(paths: list[Path], longest: int) -> list[str]:
    return [f"{short(path)}: {lines_of(path)} lines" for path in paths if lines_of(path) > longest]


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without decorators."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def is_view(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A function that a route, a resource or an error handler decorates."""
    names = {"get", "post", "route", "put", "patch", "delete", "endpoint"}
    for decorator in function.decorator_list:
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        if (isinstance(call, ast.Attribute) and call.attr in names) or (
            isinstance(call, ast.Name) and call.id in names
        ):
            return True
    return False


def test_files_are_short() -> None:
    assert too_long(modules(), FILE_LINES_MAX) == []


def test_templates_are_short() -> None:
    assert too_long(templates(), TEMPLATE_LINES_MAX) == []


def test_test_files_are_short() -> None:
    assert too_long(sorted((ROOT / "tests").rglob("*.py")), TEST_FILE_LINES_MAX) == []


def test_functions_are_short() -> None:
    paths = [*modules(), *sorted((ROOT / "tests").rglob("*.py"))]
    long = [
        f"{short(path)}:{function.lineno} {function.name}: {length(function)} lines"
        for path in paths
        for function in functions(path)
        if length(function) > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_views_only_translate() -> None:
    long = [
        f"{short(path)}:{function.lineno} {function.name}: {length(function)} lines"
        for path in modules()
        if "views" in path.stem
        for function in functions(path)
        if is_view(function) and length(function) > VIEW_LINES_MAX
    ]
    assert long == []
