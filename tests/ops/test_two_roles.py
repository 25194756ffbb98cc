"""The grants of docs/hardening.md, as they stand there: enough to work with, too few to bend the trail."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from app import create_app
from app.audit.jobs import seal_pending
from app.kernel import invariants
from app.kernel.database import db
from tests.cases.builders import make_case
from tests.conftest import settings_for
from tests.people.builders import make_company
from tests.remedies.builders import give, publish_policy

GUIDE = Path(__file__).resolve().parents[2] / "docs/hardening.md"
ROLE = "makegood_app"


def test_the_applications_own_role_does_its_work_and_can_not_touch_the_trail(app: Flask, tmp_path: Path) -> None:
    url = str(app.config["SQLALCHEMY_DATABASE_URI"])
    if url.startswith("sqlite"):
        pytest.skip("SQLite has no roles")
    found = re.search(r"```sql\n(.+?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    company = make_company(second_site=False)
    db.session.remove()
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as owner:
        if owner.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": ROLE}) is None:
            owner.execute(text(f"CREATE ROLE {ROLE} LOGIN"))
        for statement in found.group(1).replace("makegood_owner", "postgres").split(";"):
            if statement.strip():
                owner.execute(text(statement))
    engine.dispose()
    limited = create_app(settings_for(url.replace("postgres@", f"{ROLE}@", 1), tmp_path), TESTING=True)
    with limited.app_context():
        publish_policy()
        give(company.ana, make_case(company.ana).id, 100)
        while seal_pending(everything=True):
            pass
        assert [sentence for part in invariants.parts() for sentence in invariants.violations(part)] == []
        db.session.rollback()
        for statement in (
            "UPDATE audit_entry SET type = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_seal CASCADE",
            "ALTER TABLE audit_entry DISABLE TRIGGER ALL", "DROP TRIGGER audit_entry_no_update ON audit_entry",
            "SET session_replication_role = replica", "DROP TABLE purse",
        ):  # fmt: skip
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
                db.session.execute(text(statement))
            db.session.rollback()
        db.session.remove()
        db.engine.dispose()
