"""One case over all ways: what it cost her, and the note that spares her saying it again."""

import re
from datetime import UTC, datetime

import pytest
from flask import Flask

from app.cases import actions as cases
from app.kernel.actor import customer
from app.kernel.errors import Conflict
from app.kernel.time import utc_now
from app.messages import actions as messages
from app.messages.continuity_actions import note
from app.messages.continuity_queries import of_case
from app.messages.continuity_rules import Step, so_far
from app.sla.queries import clocks_of_case
from tests.cases.builders import make_case
from tests.people.builders import make_company, sign_in

AT = datetime(2026, 2, 2, 9, tzinfo=UTC)


def step(kind: str, channel: str = "", **data: object) -> Step:
    return Step(kind, AT, kind, {"channel": channel, **data})


def test_switches_transfers_and_repeats_are_counted() -> None:
    passed_on = step("assigned", before={"owner": 1}, after={"owner": 2})
    first_owner = step("assigned", before={"owner": None}, after={"owner": 1})
    found = so_far([
        step("logged", "phone"), first_owner, step("wrote", "email"), step("wrote", "email"), step("replied"),
        passed_on, step("wrote", "desk"),
    ])  # fmt: skip
    assert (found.switches, found.transfers, found.repeats) == (2, 1, 2)
    assert found.channels == ("phone", "email", "desk")
    nothing = so_far([])
    assert (nothing.switches, nothing.transfers, nothing.repeats, nothing.last_said) == (0, 0, 0, None)


def test_telephone_mail_and_desk_stay_one_case_with_one_set_of_clocks_and_a_note(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana, channel="phone")
    clocks = {one.id for one in clocks_of_case(case.id, utc_now())}
    cleo = customer("CU-1", case.site_id)
    for channel in ("email", "desk"):
        messages.receive(case_id=case.id, text=f"By {channel}", channel=channel, actor=cleo, now=utc_now())
    cases.assign(case_id=case.id, owner_id=company.bo.id, team_id=None, actor=company.sam.actor, now=utc_now())
    found = of_case(case.id)
    assert (found.switches, found.transfers, found.repeats) == (2, 1, 2)
    assert {one.id for one in clocks_of_case(case.id, utc_now())} == clocks
    said = {"case_id": case.id, "actor": company.ana.actor, "now": utc_now()}
    note(text="She wants a quiet room.", version=0, **said)
    with pytest.raises(Conflict):
        note(text="She wants money.", version=0, **said)
    bo, audra = sign_in(app.test_client(), company.bo), sign_in(app.test_client(), company.audra)
    assert "She wants a quiet room." in bo.get(f"/cases/{case.ref}/continuity").text
    answer = bo.post(f"/cases/{case.ref}/continuity", data={"text": "Quiet, and high up.", "version": "1"})
    assert answer.status_code == 303
    assert "Quiet, and high up." in audra.get(f"/cases/{case.ref}/continuity", headers={"HX-Request": "true"}).text
    assert audra.post(f"/cases/{case.ref}/continuity", data={"text": "x", "version": "2"}).status_code == 403
    assert company.nia is not None
    assert sign_in(app.test_client(), company.nia).get(f"/cases/{case.ref}/continuity").status_code == 404


def test_a_note_that_somebody_else_changed_meanwhile_is_sent_again_on_top_of_theirs(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    url = f"/cases/{case.ref}/continuity"
    ana, bo = sign_in(app.test_client(), company.ana), sign_in(app.test_client(), company.bo)
    assert bo.post(url, data={"text": "Quiet, and high up.", "version": "0"}).status_code == 303
    stale = ana.post(url, data={"text": "A room to the yard.", "version": "0"})
    assert stale.status_code == 409
    assert "Bo" in stale.text and "Quiet, and high up." in stale.text and "A room to the yard.</textarea>" in stale.text
    again = re.search(r'name="version"[^>]*value="(\d+)"', stale.text)
    assert again
    assert ana.post(url, data={"text": "A room to the yard.", "version": again.group(1)}).status_code == 303
    assert "A room to the yard." in bo.get(url).text
