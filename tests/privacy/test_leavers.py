"""A leaver who is erased: their name and what was said about them are nowhere; what they did stays under their number."""

from pathlib import Path

from flask import Flask
from sqlalchemy import select

from app.cases import actions as cases
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.time import utc_now
from app.people import actions as people
from app.privacy import erasure_actions as erasures
from app.privacy.subject_queries import subject_of
from app.reviews import recognition_actions as recognition
from tests.cases.builders import make_case
from tests.people.builders import make_company, make_person
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
    recognition.propose_note(
        employee_id=leaver.id,
        coach_id=company.sam.id,
        saw=f"A {ABOUT}.",
        next_step="Rest.",
        actor=leaver.actor,
        now=now,
    )
    open_review(company, leaver)
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


def names() -> list[str]:
    """Name the columns that still hold one of them."""
    found = set()
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(select(table)).mappings():
            found |= {f"{table.name}.{key}: {value}" for key, value in row.items()
                      if any(one.lower() in str(value).lower() for one in (NAME, EMAIL, ABOUT))}  # fmt: skip
    return sorted(found)
