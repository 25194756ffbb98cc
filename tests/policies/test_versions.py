"""A published version never changes, not even by hand in the database."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import BadInput, NotPermitted
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.policies import actions as policies
from app.policies import queries
from tests.people.builders import make_company
from tests.policies.builders import approve
from tests.remedies.builders import publish_policy

RULE = {"role": "frontline", "unit": "incident", "limit_minor": 100, "currency": "GBP", "clause": "1"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE policy_version SET title = 'Other'",
        "DELETE FROM policy_version",
        "UPDATE authority_rule SET limit_minor = 999",
        "DELETE FROM authority_rule",
        "INSERT INTO authority_rule (version_id, severity_min, severity_max, unit, limit_minor, currency, clause, hard) "
        "SELECT id, 0, 4, 'incident', 999999, 'GBP', 'x', {no} FROM policy_version",
    ],
)
def test_the_database_refuses_to_touch_a_published_version(app: Flask, statement: str) -> None:
    make_company()
    publish_policy()
    no = "0" if db.engine.dialect.name == "sqlite" else "false"
    with pytest.raises(DatabaseError, match="append-only"), transaction():
        db.session.execute(text(statement.format(no=no)))


def test_a_draft_is_not_in_force_until_published_and_then_from_its_own_instant(app: Flask) -> None:
    actor, now = command("test"), utc_now()
    draft = policies.draft_version(
        title="Spring", source="", rules=[RULE], valid_from=now + timedelta(days=1), actor=actor, now=now
    )
    assert queries.version_in_force(now + timedelta(days=2)) is None
    approve(draft.id, now=now)
    policies.publish_version(version_id=draft.id, actor=actor, now=now)
    assert queries.version_in_force(now) is None
    in_force = queries.version_in_force(now + timedelta(days=1))
    assert in_force is not None
    assert [rule.limit_minor for rule in in_force.rules] == [100]
    with pytest.raises(policies.AlreadyPublished):
        policies.publish_version(version_id=draft.id, actor=actor, now=now)


def test_nobody_drafts_without_the_right_or_without_rules(app: Flask) -> None:
    company, now = make_company(), utc_now()
    with pytest.raises(NotPermitted):
        policies.draft_version(title="x", source="", rules=[RULE], valid_from=now, actor=company.sam.actor, now=now)
    with pytest.raises(BadInput):
        policies.draft_version(title="x", source="", rules=[], valid_from=now, actor=company.ada.actor, now=now)
