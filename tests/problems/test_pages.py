"""The pages of root causes, asked by whoever opened one, a colleague and a stranger."""

from flask import Flask

from app.problems.queries import cause_of_case
from tests.cases.builders import make_case
from tests.people.builders import make_company, sign_in
from tests.problems.builders import make_cause


def test_the_owner_and_a_colleague_read_a_cause_and_a_stranger_finds_nothing(app: Flask) -> None:
    company = make_company()
    assert company.nia is not None
    case = make_case(company.ana)
    cause = make_cause(company.ana, case)
    for person, status in ((company.ana, 200), (company.bo, 200), (company.audra, 200), (company.nia, 404)):
        client = sign_in(app.test_client(), person)
        assert client.get(f"/causes/{cause.ref}").status_code == status, person.name
        assert (cause.title in client.get("/causes").text) == (status == 200)
    assert sign_in(app.test_client(), company.ana).get(f"/causes/{cause.ref}/note").status_code == 403
    nia = sign_in(app.test_client(), company.nia)
    assert nia.post(f"/causes/{cause.ref}/cases", data={"case": case.ref}).status_code == 404
    assert nia.get(f"/cases/{case.ref}/cause").status_code == 404


def test_a_cause_is_opened_from_a_case_and_takes_others_found_by_category_and_words(app: Flask) -> None:
    company = make_company(second_site=False)
    cases = [make_case(company.ana, summary=f"Cold shower, room {room}") for room in (101, 102, 103)]
    case_refs, ids, category = [case.ref for case in cases], [case.id for case in cases], cases[0].category_id
    ana = sign_in(app.test_client(), company.ana)
    form = {
        "title": "The old boiler",
        "story": "It goes out.",
        "kind": "equipment",
        "category_id": "",
        "case": case_refs[0],
    }
    assert ana.post("/causes", data={**form, "kind": ""}).status_code == 422
    answer = ana.post("/causes", data=form)
    assert answer.status_code == 303
    url = answer.headers["Location"]
    found = ana.get(f"{url}/cases?category={category}&q=shower").text
    assert case_refs[0] not in found and case_refs[1] in found and case_refs[2] in found
    assert case_refs[1] not in ana.get(f"{url}/cases?kind=weather").text
    assert ana.post(f"{url}/cases", data={"case": case_refs[1:]}).status_code == 303
    assert all(cause_of_case(one) is not None for one in ids)
    assert "The old boiler" in ana.get(f"/cases/{case_refs[2]}/cause", headers={"HX-Request": "true"}).text
    assert ana.post(f"{url}/cases/{case_refs[2]}/removal").status_code == 303
    known = cause_of_case(ids[0])
    assert known is not None and cause_of_case(ids[2]) is None
    assert ana.post(f"/cases/{case_refs[2]}/cause", data={"cause": known.ref}).status_code == 303
    assert "put the case to a root cause" in ana.get(f"/cases/{case_refs[2]}").text
    edit = {**form, "title": "The boiler of house A", "owner_id": str(company.bo.id), "version": "1"}
    assert ana.post(f"{url}/changes", data=edit).status_code == 303
    again = ana.post(f"{url}/changes", data=edit)
    assert again.status_code == 409 and "The boiler of house A" in again.text
