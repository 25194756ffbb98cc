"""`flask check` finds what must never be."""

import json

from flask import Flask
from sqlalchemy import text

from app.kernel.database import db
from tests.budgets.builders import hold, post


def run(app: Flask, *arguments: str) -> tuple[int, dict[str, object]]:
    db.session.rollback()
    done = app.test_cli_runner().invoke(args=["check", "--json", *arguments])
    return done.exit_code, json.loads(done.output)


def test_a_sound_database_exits_with_zero_and_a_bent_purse_does_not(app: Flask) -> None:
    hold(1, 30)
    post(1, 20)
    assert run(app)[1] == {"sound": True, "violations": {"money": []}}
    with db.engine.connect().execution_options(makegood_migration=True) as owner:
        owner.execute(text("UPDATE purse SET settled_minor = 21"))
        owner.commit()
    code, said = run(app, "--all")
    assert code == 1
    assert "a purse equals its entries" in str(said["violations"])
