"""The import contract: cores look down, pages look anywhere, nobody imports a page."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from app import ROOMS
from tests.architecture.source import APP, ROOT, imports, modules, short, targets

# From the ground up; rooms of one storey don't import each other.
STOREYS = (
    ("kernel",),
    ("audit",),
    ("calendars", "ui"),
    ("people",),
    ("notifications", "attachments"),
    ("policies",),
    ("customers", "budgets", "sla"),
    ("cases",),
    ("approvals", "messages"),
    ("remedies", "promises"),
    ("feedback", "problems"),
    ("insights",),
    ("reviews", "privacy"),
    ("home", "portal", "demo", "intake", "api", "ops"),
)
STOREY = {room: number for number, rooms in enumerate(STOREYS) for room in rooms}
# Parts of a room that face people or wire the application together: they may use any room.
PAGES = ("views", "forms", "panel", "sheet", "wiring", "commands")
# Rooms that are pages all through.
OUTER = STOREYS[-1]


def room_of(module: str) -> str:
    return module.split(".")[1] if module.count(".") else ""


def part_of(module: str) -> str:
    return module.split(".")[2] if module.count(".") > 1 else ""


def is_page(part: str) -> bool:
    """`views`, and parts of a split file such as `case_views` or `views_reads`. The linter's own list names those one by one."""
    return any(part == page or part.startswith(page + "_") or part.endswith("_" + page) for page in PAGES)


def is_view(part: str) -> bool:
    return part == "views" or part.startswith("views_") or part.endswith("_views")


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def edges() -> list[tuple[str, int, str]]:
    return [
        (name_of(path), line, target)
        for path in modules()
        for line, module, names in imports(path)
        for target in targets(module, names)
    ]


def test_every_room_has_its_storey() -> None:
    rooms = {path.name for path in APP.iterdir() if (path / "__init__.py").exists()}
    assert rooms <= set(STOREY), "a new room needs its place in the storeys"
    assert set(ROOMS) <= set(STOREY)


def test_every_room_says_what_belongs_in_it() -> None:
    silent = [
        short(path / "__init__.py")
        for path in APP.iterdir()
        if (path / "__init__.py").exists() and not (path / "__init__.py").read_text().lstrip().startswith('"""')
    ]
    assert silent == []


def test_cores_import_only_lower_storeys() -> None:
    wrong = []
    for source, line, target in edges():
        room, other = room_of(source), room_of(target)
        if not room or not other or room == other or room in OUTER or is_page(part_of(source)):
            continue
        if STOREY[other] >= STOREY[room]:
            wrong.append(f"{source}:{line} imports {target}")
    assert wrong == []


def test_nothing_imports_a_page() -> None:
    wrong = [
        f"{source}:{line} imports {target}"
        for source, line, target in edges()
        if is_view(part_of(target)) and not (room_of(source) == room_of(target) and is_view(part_of(source)))
    ]
    assert wrong == []


def test_rules_import_only_rules_and_values_of_the_kernel() -> None:
    pure = ("money", "time", "actor", "errors", "references", "paging", "sheets", "signing", "word_rules", "yaml_rules")
    wrong = []
    for source, line, target in edges():
        part = part_of(source)
        if part != "rules" and not part.endswith("_rules"):
            continue
        allowed = part_of(target) in pure if room_of(target) == "kernel" else part_of(target).endswith("rules")
        if not allowed and not (room_of(target) == "people" and part_of(target) == "permissions"):
            wrong.append(f"{source}:{line} imports {target}")
    assert wrong == []


def test_rules_know_no_framework_and_no_database() -> None:
    forbidden = ("flask", "sqlalchemy", "wtforms", "werkzeug")
    allowed = ("flask_babel",)  # a reason is a sentence
    wrong = []
    for path in modules():
        if path.stem != "rules" and not path.stem.endswith("_rules"):
            continue
        wrong += [
            f"{short(path)}:{line} imports {module}"
            for line, module, _names in imports(path)
            if module.split(".")[0].startswith(forbidden) and module.split(".")[0] not in allowed
        ]
    assert wrong == []


def test_rooms_are_read_through_their_names_and_never_hide_the_app() -> None:
    wrong = [
        f"{short(path)}:{line} import {module}"
        for path in modules()
        for line, module, names in imports(path)
        if not names and (module == "app" or module.startswith("app."))
    ]
    assert wrong == []


def test_the_linter_keeps_the_same_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["type"] == "layers")["layers"]
    listed = [{room.strip(" ()").removeprefix("app.") for room in layer.split("|")} for layer in layers]
    assert listed == [set(rooms) for rooms in reversed(STOREYS)]
    linter = shutil.which("lint-imports") or str(Path(sys.executable).with_name("lint-imports"))
    if not Path(linter).exists():
        pytest.fail("lint-imports is missing: run `make setup-tests`")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
