"""The table of docs/security.md: each row names a test that exists, or says why there is none."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROW = re.compile(r"^\| (?!ASVS|---)(.+?) \| (.+) \| (.+) \|$", re.MULTILINE)
CHAPTERS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16)


def rows() -> list[tuple[str, ...]]:
    return ROW.findall((ROOT / "docs/security.md").read_text(encoding="utf-8"))


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_row_names_a_test_or_says_why_there_is_none() -> None:
    found = rows()
    assert len(found) >= 30
    bare = [row[0] for row in found if not NAMED.search(row[2]) and not re.search(r"\*\*(Reason|Open):\*\* \w", row[2])]
    assert bare == []
    said = " ".join(row[0] for row in found)
    assert [number for number in CHAPTERS if not re.search(rf"(?<![\d.]){number}\.", said)] == []


def test_every_named_test_exists() -> None:
    named = {pair for row in rows() for pair in NAMED.findall(row[2])}
    assert len(named) >= 50
    known = {path: functions(ROOT / path) if (ROOT / path).exists() else set() for path, _name in named}
    assert sorted(f"{path}::{name}" for path, name in named if name not in known[path]) == []
