"""The risk score says whom to turn to first and decides nothing: no room of authority imports it, names its table or asks its switch."""

import re

from tests.architecture.source import APP, imports, modules, short, targets

AUTHORITY = ("policies", "budgets", "approvals", "remedies", "promises", "sla", "people")
SCORE = re.compile(r"^app\.insights\.(risk|calibration)_")
# The pages that show it, and nothing else of the product; the API's one measure and the switch's demo included.
SHOWN_BY = {
    "app/api/measures.py", "app/cases/new_views.py", "app/cases/queue_views.py", "app/customers/sheet.py",
    "app/insights/measure_views.py", "app/insights/models.py", "app/insights/views.py",
}  # fmt: skip
NAMES = re.compile(r"risk_switch|RiskSwitch|risk_score|risk@\d")


def test_no_room_of_authority_reads_the_risk_score() -> None:
    for path in modules():
        room = path.relative_to(APP).parts[0]
        if room in AUTHORITY:
            assert not NAMES.search(path.read_text(encoding="utf-8")), short(path)
    for path in (page for room in AUTHORITY for page in (APP / room).rglob("*.html")):
        assert not re.search(r"_risk|risk[._]|first=.risk", path.read_text(encoding="utf-8")), short(path)


def test_the_risk_score_is_imported_by_its_own_files_and_the_pages_that_show_it_alone() -> None:
    found = set()
    for path in modules():
        if not re.search(r"\b(risk|calibration)_", path.read_text(encoding="utf-8")):
            continue
        reached = {target for _line, module, names in imports(path) for target in targets(module, names)}
        if any(SCORE.match(target) for target in reached):
            found.add(short(path))
    own = {name for name in found if SCORE.match(name.removesuffix(".py").replace("/", "."))}
    assert own and found - own <= SHOWN_BY | {"app/demo/commands.py"}, found - own - SHOWN_BY
    assert not {name for name in found if name.split("/")[1] in AUTHORITY}


def test_the_risk_score_keeps_nothing_of_anybody_and_knows_no_employee() -> None:
    for name in ("risk_rules", "risk_queries", "calibration_rules", "calibration_queries", "risk_figures"):
        said = (APP / "insights" / f"{name}.py").read_text(encoding="utf-8")
        assert not re.search(r"resolver_id|owner_id|resolved_by|keeper_id|logged_by|actor_id|employee_id", said), name
        assert not re.search(r"\b(insert|update|delete)\(|session\.add", said), name
