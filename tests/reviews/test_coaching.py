"""Coaching and thanks as two people do them on their pages, and at the same moment."""

from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.kernel.database import db
from app.kernel.errors import Refusal
from app.people import queries as people
from app.reviews import recognition_actions as recognition
from app.reviews.recognition_models import Kudos
from tests.demo.pages import read
from tests.forked import at_once
from tests.people.builders import Company, make_company, sign_in
from tests.reviews.builders import NOW, resolved


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def test_an_employee_proposes_to_her_supervisor_and_a_supervisor_to_nobody_above(app: Flask, company: Company) -> None:
    ana = sign_in(app.test_client(), company.ana).get("/coaching").text
    assert f'value="{company.ana.id}-{company.sam.id}"' in ana
    sam = sign_in(app.test_client(), company.sam).get("/coaching").text
    assert f'value="{company.ana.id}-{company.sam.id}"' in sam
    for other in (company.max, company.hana, company.ada, company.audra):
        assert f'value="{other.id}-{company.sam.id}"' not in sam


def test_whoever_does_not_agree_proposes_the_note_in_other_words(app: Flask, company: Company) -> None:
    row = recognition.propose_note(
        employee_id=company.ana.id, coach_id=company.sam.id, saw="Long calls.", next_step="Say the price first.",
        actor=company.sam.actor, now=NOW,
    )  # fmt: skip
    ana = sign_in(app.test_client(), company.ana)
    page = read(ana.get("/coaching").text)
    assert "Propose it in other words" in page.words
    form = ana.get(f"/coaching?note={row.id}").text
    assert "Long calls.</textarea>" in form and "Say the price first.</textarea>" in form
    assert f'selected value="{company.ana.id}-{company.sam.id}"' in form
    for other in (company.bo, company.max):
        assert "Long calls." not in sign_in(app.test_client(), other).get(f"/coaching?note={row.id}").text


def test_thanks_sent_twice_at_the_same_moment_are_kept_once(app: Flask, company: Company) -> None:
    case_id = resolved(company.ana, 1, 1)[0]
    db.session.remove()

    def thank() -> list[str]:
        with app.app_context():
            actor = people.person(company.bo.id).actor  # type: ignore[union-attr]
            try:
                recognition.give_kudos(
                    case_id=case_id, receiver_id=company.ana.id, value="care", text="Thank you.", actor=actor, now=NOW
                )
            except Refusal as refusal:
                return [refusal.code]
            return ["kept"]

    answers = [one for some in at_once([partial(thank) for _each in range(4)]) for one in some]
    assert sorted(answers) == ["kept", "thanked-already", "thanked-already", "thanked-already"]
    assert db.session.scalar(select(func.count()).select_from(Kudos)) == 1
