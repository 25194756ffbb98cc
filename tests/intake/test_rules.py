"""Rows become records or reasons, without a database."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.intake.mapping_rules import Mapping, parse_mapping
from app.intake.places import Places
from app.intake.rules import Record, Reject, convert, report_row, safe_cell, shortened
from app.kernel.actor import command
from app.kernel.money import Money

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HEADER = ("Id", "Opened", "Closed", "Due", "Hit", "State", "Via", "Kind", "Part", "Text", "Paid", "Place")
GOOD = {
    "Id": "7",
    "Opened": "01/05/2015 09:00:00 AM",
    "Closed": "01/06/2015 10:00:00 AM",
    "Due": "",
    "Hit": "",
    "State": "Closed",
    "Via": "Call",
    "Kind": "Lights",
    "Part": "Lamp",
    "Text": "It is dark",
    "Paid": "12.5",
    "Place": "NYC",
}
FORM = ["%m/%d/%Y %I:%M:%S %p"]


def raw(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "source_ref": {"column": "Id"},
        "received_at": {"column": "Opened", "formats": FORM},
        "resolved_at": {"column": "Closed", "formats": FORM},
        "due_at": {"column": "Due", "formats": FORM},
        "occurred_at": {"column": "Hit", "formats": ["%Y-%m-%d", *FORM]},
        "state": {"column": "State", "values": {"Open": "open", "Closed": "closed"}},
        "channel": {"column": "Via", "values": {"Call": "phone"}},
        "severity": {"value": 2},
        "category": {"columns": ["Kind", "Part"]},
        "site": {"column": "Place"},
        "summary": {"columns": ["Kind", "Text"], "join": ": "},
        "description": {"columns": ["Text", "Part"], "labels": ["", "Part"]},
    }
    fields.update(changes.pop("fields", {}))
    return {
        "name": "test",
        "title": "Test",
        "source": "test",
        "zone": "America/New_York",
        "missing": ["", "-", "?"],
        "money": {"column": "Paid", "currency": "USD", "kind": "refund", "nature": "redress"},
        "fields": fields,
        **changes,
    }


def read(mapping: Mapping | None = None, **changes: str) -> Record | Reject:
    cells = {**GOOD, **changes}
    return convert(9, HEADER, [cells[name] for name in HEADER], mapping or parse_mapping(raw()), NOW)


def record(mapping: Mapping | None = None, **changes: str) -> Record:
    found = read(mapping, **changes)
    assert isinstance(found, Record), found
    return found


def codes(**changes: str) -> list[tuple[str, str]]:
    found = read(**changes)
    return [(p.code, p.column) for p in found.problems] if isinstance(found, Reject) else []


def test_a_good_row_becomes_a_record_with_instants_in_utc() -> None:
    found = record()
    assert (found.line, found.source_ref, found.state, found.channel, found.severity) == (9, "7", "closed", "phone", 2)
    assert found.received_at == datetime(2015, 1, 5, 14, 0, tzinfo=UTC)
    assert found.resolved_at == datetime(2015, 1, 6, 15, 0, tzinfo=UTC)
    assert (found.category, found.summary) == ("Lights > Lamp", "Lights: It is dark")
    assert (found.description, found.paid) == ("It is dark\nPart: Lamp", Money(1250, "USD"))
    assert (found.occurred_at, found.due_at, found.team, found.outcome) == (None, None, None, None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Id": " - "}, [("missing", "Id")]),
        ({"Opened": "?"}, [("missing", "Opened")]),
        ({"Opened": "2015-01-05"}, [("bad-date", "Opened")]),
        ({"Opened": "13/05/2015 09:00:00 AM"}, [("bad-date", "Opened")]),
        ({"Opened": "03/08/2015 02:30:00 AM", "Closed": "03/09/2015 02:30:00 AM"}, [("no-such-time", "Opened")]),
        ({"Opened": "01/05/1905 09:00:00 AM"}, [("too-early", "Opened")]),
        (
            {"Opened": "01/05/2027 09:00:00 AM", "Closed": "01/06/2027 09:00:00 AM"},
            [("future", "Opened"), ("future", "Closed")],
        ),
        ({"Closed": "01/05/2015 08:59:59 AM"}, [("closed-before-opened", "Closed")]),
        ({"Closed": "01/05/2015 09:00:00 AM"}, []),
        ({"Closed": ""}, [("closed-without-date", "Closed")]),
        ({"State": "Open"}, [("open-with-date", "Closed")]),
        ({"State": "Open", "Closed": ""}, []),
        ({"State": "Half"}, [("unknown-value", "State")]),
        ({"Via": "Pigeon"}, [("unknown-value", "Via")]),
        ({"Via": ""}, [("missing", "Via")]),
        ({"Hit": "2015-01-05"}, []),
        ({"Hit": "2015-01-06"}, [("received-before-incident", "Opened")]),
        ({"Due": "01/05/2015 08:00:00 AM"}, [("due-before-opened", "Due")]),
        ({"Kind": "-", "Part": "?"}, [("missing", "Kind")]),
        ({"Part": "-"}, []),
        ({"Paid": "-"}, []),
        ({"Paid": "-1"}, [("bad-amount", "Paid")]),
        ({"Paid": "1e3"}, [("bad-amount", "Paid")]),
        ({"Paid": "NaN"}, [("bad-amount", "Paid")]),
        ({"Paid": "1.005"}, [("bad-amount", "Paid")]),
        ({"Paid": "99999999999999"}, [("bad-amount", "Paid")]),
        ({"Text": "x" * 20_001}, [("too-long", "Text")]),
        (
            {"Id": "", "Via": "Pigeon", "Paid": "x"},
            [("missing", "Id"), ("unknown-value", "Via"), ("bad-amount", "Paid")],
        ),
    ],
)
def test_what_is_wrong_with_a_row_is_named_by_column_and_never_mended(
    changes: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    assert codes(**changes) == expected


def test_a_row_with_too_few_columns_says_how_many() -> None:
    found = convert(4, HEADER, ["7", "x"], parse_mapping(raw()), NOW)
    assert isinstance(found, Reject)
    assert found.problems[0].sentence == "The row has 2 columns, the header has 12."


def test_a_reason_names_both_instants() -> None:
    found = read(Closed="01/05/2015 08:59:59 AM")
    assert isinstance(found, Reject)
    assert (
        found.problems[0].sentence == "Closed (01/05/2015 08:59:59 AM) before it was opened (01/05/2015 09:00:00 AM)."
    )


@pytest.mark.parametrize("paid", ["0", "0.00", "", "-"])
def test_nothing_paid_is_no_remedy(paid: str) -> None:
    assert record(Paid=paid).paid is None


def test_blanks_are_trimmed_and_collapsed_but_a_story_stays_as_it_was_told() -> None:
    assert record(Kind="  Street   lights ", Part="-").category == "Street lights"
    assert record(Text=" one\n\n two  three ").description == " one\n\n two  three \nPart: Lamp"


def test_a_day_without_a_time_counts_from_the_incident_of_the_same_day() -> None:
    mapping = parse_mapping(raw(fields={"received_at": {"column": "Opened", "formats": ["%Y-%m-%d"]}}))
    found = record(mapping, Opened="2015-01-05", Hit="01/05/2015 03:00:00 PM")
    assert found.received_at == found.occurred_at == datetime(2015, 1, 5, 20, 0, tzinfo=UTC)
    assert record(mapping, Opened="2015-01-05").received_at == datetime(2015, 1, 5, 5, 0, tzinfo=UTC)


def test_times_are_read_in_the_zone_of_their_site() -> None:
    mapping = parse_mapping(raw(), zones={"America/Los_Angeles": ["LAX"]})
    assert record(mapping, Place="LAX").received_at == datetime(2015, 1, 5, 17, 0, tzinfo=UTC)
    assert record(mapping, Place="NYC").received_at == datetime(2015, 1, 5, 14, 0, tzinfo=UTC)


def test_an_hour_that_happens_twice_is_read_as_the_first() -> None:
    found = record(Closed="11/01/2015 01:30:00 AM")
    assert found.resolved_at == datetime(2015, 11, 1, 5, 30, tzinfo=UTC)


def test_a_long_summary_is_cut_at_a_word_and_the_description_keeps_all() -> None:
    found = record(Text="word " * 100)
    assert len(found.summary) <= 120 and found.summary.endswith("word…")
    assert found.description.count("word") == 100
    assert shortened("abc", 3) == "abc"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_a_formula_is_made_harmless_in_the_report(text: str) -> None:
    assert safe_cell(text) == "'" + text
    assert safe_cell("a" + text) == "a" + text


def test_the_report_has_one_line_for_each_reason() -> None:
    found = read(Id="", Paid="=cmd")
    assert isinstance(found, Reject)
    assert report_row(found) == [
        ["9", "", "Id", "", "The value is missing."],
        ["9", "", "Paid", "'=cmd", "“=cmd” is no amount."],
    ]


WHO = {"resolved_by": {"column": "Part"}, "survey_score": {"column": "Paid"}}


@pytest.mark.parametrize(
    ("changes", "resolver", "score"),
    [
        ({"Paid": "4.0"}, "Lamp", 4),
        ({"Paid": "1"}, "Lamp", 1),
        ({"Paid": ""}, "Lamp", None),  # no answer is not 0
        ({"Paid": "", "State": "Open", "Closed": ""}, None, None),  # whoever has it now hasn't resolved it
    ],
)
def test_who_resolved_it_and_the_score_belong_to_a_case_that_ended(
    changes: dict[str, str], resolver: str | None, score: int | None
) -> None:
    found = read(parse_mapping(raw(fields=WHO)), **changes)
    assert isinstance(found, Record)
    assert (found.resolved_by, found.survey_score) == (resolver, score)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Paid": "0"}, "bad-score"),
        ({"Paid": "6"}, "bad-score"),
        ({"Paid": "3.5"}, "bad-score"),
        ({"Paid": "5", "State": "Open", "Closed": ""}, "score-while-open"),
    ],
)
def test_a_score_out_of_range_or_before_the_end_is_turned_away(changes: dict[str, str], code: str) -> None:
    found = read(parse_mapping(raw(fields=WHO)), **changes)
    assert isinstance(found, Reject)
    assert [problem.code for problem in found.problems] == [code]
    assert found.problems[0].sentence


@pytest.mark.parametrize(
    ("unknown", "who", "code"),
    [
        ("reject", "Lamp", None),
        ("reject", "LAMP@makegood.example", None),
        ("reject", "lamp", "unknown-person"),
        ("leave", "lamp", None),
        ("leave", "Bulb", "two-people"),
    ],
)
def test_a_person_is_found_exactly_and_never_made(unknown: str, who: str, code: str | None) -> None:
    mapping = parse_mapping(raw(fields=WHO, people={"unknown": unknown}, categories={"create": True}))
    people = {"Lamp": [3], "lamp@makegood.example": [3], "Bulb": [4, 5]}
    places = Places(mapping, command("test"), sites={"NYC": 1}, people=people)
    record = read(mapping, Part=who, Paid="")
    assert isinstance(record, Record)
    found = places.missing(record)
    assert (found.code if found else None) == code
