"""A leaver who is erased: their name and what was said about them are nowhere; what they did stays under their number."""

import html
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.cases import actions as cases
from app.kernel import invariants
from app.kernel.actor import customer
from app.kernel.database import db
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.people import actions as people
from app.people import queries
from app.people.key_actions import Erased, Forgotten, key_of
from app.privacy import erasure_actions as erasures
from app.privacy.export_queries import export
from app.privacy.subject_queries import subject_of
from app.reviews import recognition_actions as recognition
from tests.cases.builders import make_case
from tests.people.builders import make_company, make_person, sign_in
from tests.people.scim_client import program, replaced
from tests.reviews.builders import open_review
from tests.reviews.test_sealing import readable

NAME, EMAIL, ABOUT = "Tamsin Vellacourt", "tamsin.v@makegood.example", "bluethroat"


def test_a_leaver_s_name_and_what_was_said_about_them_are_nowhere(app: Flask, tmp_path: Path) -> None:
    assert app.testing
    company, now = make_company(), utc_now()
    leaver = make_person(NAME, "frontline", company.quayside.id, team_id=company.front_desk.id, email=EMAIL)
    case = make_case(leaver, customer="Dora Quist", summary=f"{NAME} promised a heater")
    cases.add_note(case_id=case.id, text="I rang.", actor=leaver.actor, now=now)
    cases.add_note(case_id=case.id, text=f"Ask {NAME}, {EMAIL}", actor=company.ana.actor, now=now)
    cases.add_note(case_id=case.id, text=f"Kind regards, {NAME}", actor=leaver.actor, now=now)
    for giver, receiver in ((leaver, company.ana), (company.ana, leaver)):
        recognition.give_kudos(
            case_id=case.id, receiver_id=receiver.id, value="care", text=f"A {ABOUT} of a colleague.", actor=giver.actor,
            now=now,
        )  # fmt: skip
    recognition.thank_as_customer(
        case_id=case.id, receiver_id=leaver.id, text=f"My {ABOUT}.", origin="page", now=now,
        actor=customer("CU-1", company.quayside.id),
    )  # fmt: skip
    recognition.propose_note(
        employee_id=leaver.id,
        coach_id=company.sam.id,
        saw=f"A {ABOUT}.",
        next_step="Rest.",
        actor=leaver.actor,
        now=now,
    )
    open_review(company, leaver)
    noor = make_person("Noor Haddad", "admin", company.quayside.id)
    change_id = people.propose_role(
        employee_id=leaver.id, role="supervisor", reason=f"A {ABOUT} of a desk lead.", actor=company.ada.actor, now=now
    ).id
    people.refuse_role(change_id=change_id, word=f"Not a {ABOUT} yet.", actor=noor.actor, now=now)
    theirs = subject_of(leaver.ref)
    assert theirs is not None and f"Not a {ABOUT} yet." in str(export(theirs, now=now)), "they can read why not"
    people.deactivate(employee_id=leaver.id, successor_id=company.sam.id, actor=company.ada.actor, now=now)
    words = tuple(one.lower() for one in (NAME, EMAIL, ABOUT))
    assert readable(tmp_path, words), "they stood there before"
    subject = subject_of(leaver.ref)
    assert subject is not None
    proposed = erasures.propose(subject=subject, actor=company.max.actor, now=now)
    erasures.confirm(erasure_id=proposed.id, actor=company.ada.actor, now=now)
    assert erasures.clean_due(now=now) == 1
    assert readable(tmp_path, words) == [], names()
    assert {part: found for part in invariants.parts() if (found := invariants.violations(part))} == {}


def test_nobody_comes_in_or_is_written_about_under_what_is_erased(app: Flask) -> None:
    company, now = make_company(), utc_now()
    leaver = make_person(NAME, "frontline", company.quayside.id, team_id=company.front_desk.id, email=EMAIL)
    people.deactivate(employee_id=leaver.id, successor_id=company.sam.id, actor=company.ada.actor, now=now)
    subject = subject_of(leaver.ref)
    assert subject is not None
    proposed = erasures.propose(subject=subject, actor=company.max.actor, now=now)
    erasures.confirm(erasure_id=proposed.id, actor=company.ada.actor, now=now)
    erased = queries.person(leaver.id)
    assert erased is not None
    with pytest.raises(Forgotten), transaction():  # though nothing was ever written about them
        key_of(leaver.id)
    said: dict[str, Any] = {"name": NAME, "email": EMAIL, "site_id": erased.site_id, "team_id": erased.team_id,
            "manager_id": None, "job_title": "", "locale": None}  # fmt: skip
    with pytest.raises(Erased):
        people.edit_person(employee_id=leaver.id, version=erased.version, actor=company.ada.actor, now=now, **said)
    page = sign_in(app.test_client(), company.ada).post(
        f"/people/{leaver.ref}/activation", data={"version": str(erased.version)}
    )
    assert page.status_code == Erased.status and "is erased" in html.unescape(page.text)
    app.config["SCIM_BURST"] = 100_000
    program_of = program(app, company.ada)
    refused = program_of.patch(f"/Users/{leaver.ref}", replaced("active", True))
    assert refused.status_code >= 400, refused.text
    left = queries.person(leaver.id)
    assert left is not None and not left.is_active and NAME not in left.name


def names() -> list[str]:
    """Name the columns that still hold one of them."""
    found = set()
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(select(table)).mappings():
            found |= {f"{table.name}.{key}: {value}" for key, value in row.items()
                      if any(one.lower() in str(value).lower() for one in (NAME, EMAIL, ABOUT))}  # fmt: skip
    return sorted(found)
