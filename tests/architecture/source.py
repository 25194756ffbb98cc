"""Where the product's source lies, for the tests that read it."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"


def modules() -> list[Path]:
    """Every Python file of the product."""
    return sorted(path for path in APP.rglob("*.py") if "static" not in path.parts)


def templates() -> list[Path]:
    return sorted(path for path in APP.rglob("*.html") if "templates" in path.parts)


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield (line, module, names) of every import in a file, also inside functions; names is empty for `import module`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, ()
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.lineno, node.module, tuple(alias.name for alias in node.names)


def targets(module: str, names: tuple[str, ...]) -> Iterator[str]:
    """Yield the modules of the product that an import reaches: `from app.x import y` reaches app.x.y when that is a file."""
    if module != "app" and not module.startswith("app."):
        return
    found = False
    for name in names:
        inner = f"{module}.{name}"
        path = ROOT / Path(*inner.split("."))
        if path.with_suffix(".py").exists() or (path / "__init__.py").exists():
            found = True
            yield inner
    if not found:
        yield module
