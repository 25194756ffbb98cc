"""A cause from its opening to its fix: who may, which cases it takes, and that nothing is erased."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people import actions as people
from app.people.permissions import COMPANY
from app.problems import actions as problems
from app.problems import queries
from app.problems.models import Cause, CauseFix
from tests.cases.builders import make_case
from tests.people.builders import OPERATOR, make_company
from tests.problems.builders import fix, make_cause


def test_a_case_has_one_cause_and_another_sites_case_is_not_there(app: Flask) -> None:
    company = make_company()
    assert company.nia is not None
    one, two, far = make_case(company.ana), make_case(company.ana), make_case(company.nia)
    cause, other = make_cause(company.ana, one), make_cause(company.ana)
    said = {"actor": company.ana.actor, "now": utc_now()}
    assert problems.link(cause_id=other.id, case_ids=[one.id, two.id], **said) == 1
    with pytest.raises(NotFound):
        problems.link(cause_id=cause.id, case_ids=[far.id], **said)
    with pytest.raises(NotFound):
        problems.link(cause_id=cause.id, case_ids=[two.id, 999_999], actor=company.max.actor, now=utc_now())
    whole = make_cause(company.max, site_id=None)
    assert problems.link(cause_id=whole.id, case_ids=[far.id], actor=company.nia.actor, now=utc_now()) == 1
    problems.unlink(cause_id=cause.id, case_id=one.id, **said)
    assert problems.link(cause_id=other.id, case_ids=[one.id], **said) == 1
    rows = queries.causes(COMPANY, Page()).rows
    assert {row.id: row.case_count for row in rows} == {cause.id: 0, other.id: 2, whole.id: 1}
    types = db.session.scalars(
        select(AuditEntry.type).where(AuditEntry.case_id == one.id, AuditEntry.type.startswith("cause:"))
    ).all()
    assert sorted(types) == ["cause:link", "cause:link", "cause:unlink"]
    assert invariants.violations("problems") == []


def test_who_leads_marks_it_as_fixed_and_a_fix_that_did_not_hold_stays_on_record(app: Flask) -> None:
    company = make_company()
    cause = make_cause(company.ana, make_case(company.ana))
    with pytest.raises(NotPermitted):
        fix(cause, company.ana)
    assert company.tom is not None
    with pytest.raises(NotFound):
        fix(cause, company.tom)
    with pytest.raises(BadInput):
        problems.fix(cause_id=cause.id, version=cause.version, done=" ", actor=company.sam.actor, now=utc_now())
    fix(cause, company.sam)
    with pytest.raises(Conflict):
        problems.reopen(cause_id=cause.id, version=1, reason="Cold", actor=company.sam.actor, now=utc_now())
    with pytest.raises(problems.FixedAlready):
        fix(db.session.get_one(Cause, cause.id), company.sam)
    version = db.session.get_one(Cause, cause.id).version
    problems.reopen(cause_id=cause.id, version=version, reason="Cold", actor=company.sam.actor, now=utc_now())
    with pytest.raises(problems.NotFixed):
        problems.reopen(cause_id=cause.id, version=version + 1, reason="Cold", actor=company.sam.actor, now=utc_now())
    fix(db.session.get_one(Cause, cause.id), company.max)
    assert db.session.scalar(select(func.count()).select_from(CauseFix)) == 2


def test_a_cause_of_the_whole_company_is_not_a_sites_to_fix_or_change(app: Flask) -> None:
    company = make_company()
    cause = make_cause(company.max, site_id=None)
    with pytest.raises(NotFound):
        fix(cause, company.sam)
    with pytest.raises(NotFound):
        make_cause(company.sam, site_id=None)
    assert queries.view(cause.ref, queries.Scope("site", company.ana.site_id)) is not None
    fix(cause, company.max)


def test_whoever_leaves_hands_their_open_causes_on(app: Flask) -> None:
    company = make_company()
    cause = make_cause(company.ana)
    people.deactivate(employee_id=company.ana.id, version=company.ana.version, actor=OPERATOR, now=utc_now())
    assert db.session.get_one(Cause, cause.id).owner_id == company.sam.id
