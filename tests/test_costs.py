"""How tests are dealt out, and that every dear one that is named is there."""

from tests.costs import DEAR, DEAR_AT_FULL_COUNT, dealt
from tests.scanners.source import ROOT


def test_the_dear_ones_begin_each_workers_stretch_and_none_is_lost_or_doubled() -> None:
    items = [f"t{number}" for number in range(11)]
    dear = [items[9], items[2], items[5]]
    two = dealt(items, dear, 2)
    assert two[:2] == ["t9", "t5"] and two[11 // 2] == "t2"
    for hands in (1, 2, 3, 4):
        assert sorted(dealt(items, dear, hands)) == sorted(items)
    assert dealt(items, [], 2) == items
    assert sorted(dealt(items, items, 3)) == sorted(items)


def test_every_named_file_and_test_is_there() -> None:
    for name in {*DEAR, *DEAR_AT_FULL_COUNT}:
        file, _, test = name.partition("::")
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert not test or f"def {test}(" in text, name
