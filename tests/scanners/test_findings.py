"""What counts as found: only a reason beside it keeps a finding from failing the scan, and a reason without a finding fails too."""

from pathlib import Path

import pytest

from tests.scanners.__main__ import Report
from tests.scanners.findings import Finding, Incomplete, Justified, NotRun, justifications, sift
from tests.scanners.injecting import Target, Tried, is_enough, kind_of, known, shared_out
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


def test_what_was_cut_short_is_told_beside_what_was_found_and_is_no_success() -> None:
    report = Report([])

    def half_done() -> None:
        report.judge("sqlmap", [], " (30 of 60 parameters)")
        raise Incomplete("its time ran out")

    for name in ("bandit", "semgrep", "wapiti"):
        report.judge(name, [])
    assert report.is_green
    report.scanner("sqlmap", half_done)
    assert not report.is_green
    said = "scanners: bandit 0, semgrep 0, wapiti 0, sqlmap INCOMPLETE 0 (30 of 60 parameters); "
    assert report.closing(1).startswith(said)
    assert Report([]).closing(1).startswith("scanners: bandit NOT RUN, ")


def test_every_parameter_of_every_kind_of_address_is_tried_once_and_something_as_everybody() -> None:
    ana = ["/cases?q=a&view=mine", "/cases/1/notes?after=x", "/cases/2/notes?after=y"]
    seen = {"ana": ana, "sam": ["/cases?q=a&view=mine"], "ada": ["/people?q=a&role=hr&site=1", "/cases?q=a&view=mine"]}
    found = shared_out(seen)
    assert known(seen) == 6
    pairs = {(kind_of(one.url), name) for one in found for name in one.names}
    assert len(pairs) == 6
    assert {one.who for one in found} == {"ana", "sam", "ada"}
    assert sum(len(one.names) for one in found) == 8  # Sam tries what Ana tries, since he may see more
    assert sum(len(one.names) for one in shared_out(seen, parameters_max=6)) == 6


def test_a_slow_answer_gets_more_time_and_too_many_that_are_cut_short_are_no_scan() -> None:
    fast, slow = Target("/cases?q=a", ("q",), seconds=0.05), Target("/cases?q=a", ("q",), seconds=0.5)
    assert fast.bound(2) < slow.bound(2)
    assert is_enough([Tried(fast)] * 9 + [Tried(slow, is_cut=True)])
    assert not is_enough([Tried(fast)] * 8 + [Tried(slow, is_cut=True)])
