"""The operator's commands: the first administrator, lists, tokens."""

import json
import re

from flask import Flask

from app.kernel.time import utc_now
from app.people import queries
from app.people.sign_in import owner_of

FIRST = [
    "people",
    "add",
    "--email",
    "ada@makegood.example",
    "--name",
    "Ada Byrne",
    "--role",
    "admin",
    "--site",
    "Quayside",
]


def test_the_first_administrator_gets_a_site_and_a_link_and_no_default_phrase(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=[*FIRST, "--time-zone", "Europe/London", "--currency", "GBP"])
    assert done.exit_code == 0, done.output
    link = re.search(r"http://localhost(/welcome/\S+)", done.output)
    assert link is not None
    client = app.test_client()
    assert client.post(link.group(1), data={"phrase": "violet tram under nine oaks"}).status_code == 303
    assert client.get("/people").status_code == 200
    assert queries.sites()[0].currency == "GBP"


def test_people_add_speaks_json_and_makes_the_team(app: Flask) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=FIRST).exit_code == 0
    args = [
        "people",
        "add",
        "--email",
        "ana@makegood.example",
        "--name",
        "Ana Ruiz",
        "--role",
        "frontline",
        "--site",
        "QUAYSIDE",
    ]
    done = runner.invoke(args=[*args, "--team", "Front desk", "--manager", "ada@makegood.example", "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.output)
    assert (answer["role"], answer["link"].startswith("http://localhost/welcome/")) == ("frontline", True)
    assert [team.name for team in queries.teams()] == ["Front desk"]
    lines = [json.loads(line) for line in runner.invoke(args=["people", "list", "--json"]).output.splitlines()]
    assert [line["name"] for line in lines] == ["Ada Byrne", "Ana Ruiz"]


def test_a_mistake_is_said_in_one_sentence_and_adds_nothing(app: Flask) -> None:
    runner = app.test_cli_runner()
    runner.invoke(args=FIRST)
    twice = runner.invoke(args=FIRST)
    assert twice.exit_code != 0
    assert "Somebody already has this e-mail address." in twice.output
    elsewhere = runner.invoke(args=[*FIRST[:-1], "Nowhere"])
    assert elsewhere.exit_code != 0
    assert "QUAYSIDE" in elsewhere.output
    assert runner.invoke(args=["people", "link", "--email", "zzz@x.example"]).exit_code != 0


def test_token_create_prints_a_token_that_works(app: Flask) -> None:
    runner = app.test_cli_runner()
    runner.invoke(args=FIRST)
    done = runner.invoke(args=["token", "create", "--email", "ada@makegood.example", "--name", "export"])
    assert done.exit_code == 0, done.output
    owner = owner_of(done.output.strip(), utc_now())
    assert owner is not None
    assert owner.person.email == "ada@makegood.example"
    assert runner.invoke(args=["token", "create", "--email", "no@x.example", "--name", "export"]).exit_code != 0
