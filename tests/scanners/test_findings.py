"""What counts as found: only a reason beside it keeps a finding from failing the scan, and a reason without a finding fails too."""

from pathlib import Path

import pytest

from tests.scanners.findings import Finding, Justified, NotRun, justifications, sift
from tests.scanners.source import ROOT

FOUND = Finding("bandit", "B608", "app/kernel/search.py", 'text(f"DELETE FROM {self.name}")', 69)


@pytest.mark.parametrize(
    ("one", "covers"),
    [
        (Justified("bandit", "B608", "app/kernel/*", "why"), True),
        (Justified("bandit", "B608", "app/kernel/search.py", "why", "DELETE FROM"), True),
        (Justified("bandit", "B608", "app/kernel/search.py", "why", "INSERT"), False),
        (Justified("bandit", "B608", "app/audit/*", "why"), False),
        (Justified("bandit", "B105", "app/kernel/*", "why"), False),
        (Justified("semgrep", "B608", "app/kernel/*", "why"), False),
    ],
)
def test_a_reason_covers_only_its_scanner_rule_place_and_text(one: Justified, covers: bool) -> None:
    assert sift([FOUND], [one]) == (([], []) if covers else ([FOUND], [one]))


def test_every_reason_is_a_sentence_about_a_place_that_is_there(tmp_path: Path) -> None:
    for one in justifications():
        assert "*" in one.place or (ROOT / one.place).is_file(), one.place
    path = tmp_path / "justified.toml"
    path.write_text('[[justified]]\nscanner = "bandit"\nrule = "B101"\nplace = "*"\nreason = "ok"\n')
    with pytest.raises(NotRun, match="say why"):
        justifications(path)
