"""`flask check` finds what must never be, in every part of the product."""

import json

import pytest
from flask import Flask
from sqlalchemy import text

from app.kernel.database import db
from tests.budgets.builders import hold, post
from tests.cases.builders import make_case
from tests.people.builders import make_company
from tests.remedies.builders import give, publish_policy


def run(app: Flask, *arguments: str) -> tuple[int, dict[str, list[str]]]:
    db.session.rollback()
    done = app.test_cli_runner().invoke(args=["check", "--json", *arguments])
    return done.exit_code, json.loads(done.output)["violations"]


def bend(statement: str) -> None:
    """Change a row behind the product's back, as its owner could."""
    with db.engine.connect().execution_options(makegood_migration=True) as owner:
        owner.execute(text(statement))
        owner.commit()


def test_a_bent_purse_is_found_without_looking_at_the_rest(app: Flask) -> None:
    hold(1, 30)
    post(1, 20)
    assert run(app) == (0, {"money": []})
    bend("UPDATE purse SET settled_minor = 21")
    code, found = run(app)
    assert code == 1
    assert "a purse equals its entries" in str(found["money"])


@pytest.mark.parametrize(
    ("part", "statement", "sentence"),
    [
        (
            "cases",
            "UPDATE case_file SET waiting_for = 'customer'",
            "a case waits for somebody exactly while it is waiting",
        ),
        ("cases", "UPDATE employee SET deactivated_at = active_from", "no open case belongs to somebody who has left"),
        ("remedies", "UPDATE case_file SET given_minor = given_minor + 1", "a case was given what its remedies say"),
    ],
)
def test_every_part_of_a_sound_company_is_sound_and_a_bent_row_is_named(
    app: Flask, part: str, statement: str, sentence: str
) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    give(company.ana, case.id, 10_000)
    code, found = run(app, "--all")
    assert {"cases", "exceptions", "money", "policies", "remedies", "trail"} <= found.keys()
    assert (code, [name for name, broken in found.items() if broken]) == (0, [])
    bend(statement)
    code, found = run(app, "--all")
    assert code == 1
    assert sentence in str(found[part])
