"""A mapping file is read strictly; the one that fits best is found by the header."""

from pathlib import Path
from typing import Any

import pytest

from app.intake.known import FOLDER, mapping_named, read_mapping, shipped
from app.intake.mapping_rules import BadMapping, fitting, parse_mapping
from tests.intake.test_rules import raw


def broken(change: str) -> dict[str, Any]:
    found = raw()
    fields = found["fields"]
    changes: dict[str, Any] = {
        "no name": lambda: found.pop("name"),
        "strange name": lambda: found.update(name="A b"),
        "unknown key": lambda: found.update(colour="red"),
        "unknown field": lambda: fields.update(mood={"column": "Mood"}),
        "no id": lambda: fields.pop("source_ref"),
        "no zone": lambda: found.update(zone="Mars/Olympus"),
        "strange state": lambda: fields["state"].update(values={"Open": "ajar"}),
        "strange channel": lambda: fields.update(channel={"value": "pigeon"}),
        "severity too high": lambda: fields.update(severity={"value": 5}),
        "no format": lambda: fields["received_at"].pop("formats"),
        "nothing to read": lambda: fields.update(summary={}),
        "two ways": lambda: fields.update(summary={"column": "A", "value": "b"}),
        "long delimiter": lambda: found.update(delimiter=";;"),
        "not a table": lambda: found.update(fields=["x"]),
        "strange nature": lambda: found["money"].update(nature="bribe"),
        "number for text": lambda: found.update(missing="x"),
        "labels": lambda: fields["description"].update(labels=["one"]),
        "score out of range": lambda: fields.update(survey_score={"value": 6}),
        "resolver without end": lambda: fields.update(resolved_by={"column": "Who"}) or fields.pop("resolved_at"),
        "strange people": lambda: found.update(people={"unknown": "invent"}),
        "site without name": lambda: found.update(sites={"create": True}),
    }
    changes[change]()
    return found


@pytest.mark.parametrize(
    "change",
    ["no name", "strange name", "unknown key", "unknown field", "no id", "no zone", "strange state", "strange channel",
     "severity too high", "no format", "nothing to read", "two ways", "long delimiter", "not a table",
     "strange nature", "number for text", "labels", "score out of range", "resolver without end",
     "strange people", "site without name"],
)  # fmt: skip
def test_a_mapping_with_a_mistake_is_refused_in_one_sentence(change: str) -> None:
    with pytest.raises(BadMapping) as refusal:
        parse_mapping(broken(change))
    assert len(str(refusal.value)) > 10


@pytest.mark.parametrize("thing", [None, 3, "text", [], {}])
def test_something_else_than_a_mapping_is_refused(thing: object) -> None:
    with pytest.raises(BadMapping):
        parse_mapping(thing)


def test_the_shipped_mappings_fit_their_own_headers_and_nothing_else() -> None:
    assert set(shipped()) == {
        "city-requests",
        "baggage-claims",
        "bank-complaints",
        "bank-narratives",
        "support-tickets",
    }
    for mapping in shipped().values():
        assert fitting(sorted(mapping.columns), shipped().values()) == mapping
    assert fitting(["a", "b"], shipped().values()) is None


def test_the_mapping_that_uses_most_columns_wins() -> None:
    small, large = raw(), raw()
    large["name"], large["fit"] = "large", ["Extra"]
    one, two = parse_mapping(small), parse_mapping(large)
    assert fitting([*one.columns, "Extra"], [one, two]) == two
    assert fitting(list(one.columns), [one, two]) == one


def test_every_airport_has_a_zone_and_the_codes_of_no_place_have_utc() -> None:
    zones = shipped()["baggage-claims"].zones
    assert len(zones) == 403
    assert (zones["JFK"], zones["HNL"], zones["F"]) == ("America/New_York", "Pacific/Honolulu", "UTC")


@pytest.mark.parametrize(
    "text", ["", "a: [", "a: !!python/object/apply:os.system ['true']", "\xff", "x" * (1024 * 1024 + 1)]
)
def test_a_mapping_file_that_is_no_plain_yaml_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadMapping):
        read_mapping(path)


def test_a_mapping_is_found_by_name_or_path() -> None:
    assert mapping_named("city-requests").name == "city-requests"
    assert mapping_named(str(FOLDER / "bank-narratives.yaml")).name == "bank-narratives"
    with pytest.raises(BadMapping, match="city-requests"):
        mapping_named("nowhere")
