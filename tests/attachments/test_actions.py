"""Taking files in with a deed, giving them out, taking them away, and what a crash leaves."""

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.attachments import actions as attachments
from app.attachments import invariants, jobs, queries, rules, store
from app.attachments.models import Attachment
from app.audit.models import AuditEntry, AuditPayload
from app.kernel.actor import Actor, command, customer, rule
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from tests.attachments.hostile import picture
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in

NAME = "Cleo at the pool.jpg"


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def give(case_id: int, actor: Actor, data: bytes = b"", name: str = NAME) -> Attachment:
    ready = attachments.prepare(io.BytesIO(data or picture()), name)
    return attachments.add(subject_kind="case", subject_id=case_id, files=[ready], actor=actor, now=utc_now())[0]


def all_files() -> list[Path]:
    return [path for path in store.FILES.folder().rglob("*") if path.is_file()]


def test_a_file_lives_from_the_deed_that_brought_it_to_the_one_that_removes_it(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    row = give(case.id, company.ana.actor)
    found = queries.files_of("case", case.id)[0]
    assert (found.name, found.kind, found.adder, found.ref) == (NAME, "jpg", "Ana Ruiz", f"AT-{row.id}")
    assert invariants.files_are_whole() == []
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.type == "attachment:add")).one()
    payload = db.session.get(AuditPayload, entry.id)
    assert payload is not None
    assert "Cleo" not in entry.content + (payload.payload or ""), "a name of a file stands in no entry"
    assert found.sha256 in (payload.payload or "")
    # Bo may read it and not remove it; who added it may, and so may who leads the place.
    with pytest.raises(NotPermitted):
        attachments.remove(attachment_id=row.id, actor=company.bo.actor, now=utc_now())
    assert company.nia is not None
    with pytest.raises(NotFound):
        attachments.remove(attachment_id=row.id, actor=company.nia.actor, now=utc_now())
    attachments.remove(attachment_id=row.id, actor=company.sam.actor, now=utc_now())
    assert all_files() == []
    assert queries.files_of("case", case.id) == ()
    left = db.session.get(Attachment, row.id)
    assert left is not None
    assert (left.name, left.sha256, left.removed_by) == (None, found.sha256, f"EM-{company.sam.id}")
    assert invariants.files_are_whole() == []


def test_a_file_of_somebody_elses_case_is_not_found_and_a_download_runs_nothing(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    row = give(case.id, company.ana.actor, b"=1+1", "=sum.txt")
    bo, stranger = sign_in(app.test_client(), company.bo), sign_in(app.test_client(), company.nia)  # type: ignore[arg-type]
    answer = bo.get(f"/attachments/{row.ref}")
    assert answer.data == b"=1+1"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=sum.txt"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert stranger.get(f"/attachments/{row.ref}").status_code == 404
    assert stranger.get("/attachments/AT-999").status_code == 404
    assert stranger.post(f"/cases/MG-{case.id}/attachments").status_code == 404
    assert bo.get(f"/static/../{row.stored_as}").status_code == 404


def test_erasing_a_subject_takes_its_files_and_keeps_the_facts(app: Flask, company: Company) -> None:
    case, other = make_case(company.ana), make_case(company.ana)
    rows = [give(case.id, company.ana.actor), give(case.id, company.ana.actor)]
    kept = give(other.id, company.ana.actor)
    erased = attachments.erase(subject_kind="case", subject_ids=[case.id], actor=command("erase"), now=utc_now())
    assert erased == len(rows)
    assert [path.name for path in all_files()] == [kept.stored_as]
    assert invariants.files_are_whole() == []


def test_a_deed_that_fails_takes_its_files_back_and_a_crash_is_swept_up(app: Flask, company: Company) -> None:
    case = make_case(company.ana)

    class Upload:
        filename = NAME
        stream = io.BytesIO(picture())

    with pytest.raises(RuntimeError), attachments.prepared([Upload()]) as files, transaction():
        attachments.add(subject_kind="case", subject_id=case.id, files=files, actor=company.ana.actor, now=utc_now())
        raise RuntimeError("the deed failed")
    assert all_files() == []
    # A process that dies between the file and its row leaves a file that nobody names.
    lost = attachments.prepare(io.BytesIO(picture()), NAME)
    half = store.FILES.path_of(lost.stored_as).with_suffix(".part")
    half.write_bytes(b"half")
    kept = give(case.id, company.ana.actor)
    for path in all_files():
        os.utime(path, (0, 0))
    sweeps = [utc_now() + timedelta(minutes=5 * turn) for turn in range(16)]
    assert sum(jobs.sweep(now=now) for now in sweeps) == 2
    assert [path.name for path in all_files()] == [kept.stored_as]


def test_a_young_file_is_left_to_the_deed_that_is_under_way(app: Flask, company: Company) -> None:
    attachments.prepare(io.BytesIO(picture()), NAME)
    assert sum(jobs.sweep(now=utc_now() + timedelta(minutes=3 * turn)) for turn in range(16)) == 0
    assert len(all_files()) == 1


def test_the_check_names_a_missing_and_a_changed_file(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    gone, changed = give(case.id, company.ana.actor), give(case.id, company.ana.actor)
    store.FILES.forget(gone.stored_as)
    store.FILES.path_of(changed.stored_as).write_bytes(b"something else")
    assert invariants.files_are_whole() == [
        f"every attachment has its file: ['{gone.ref}']",
        f"every attached file is as it was taken in: ['{changed.ref}']",
    ]
    assert sign_in(app.test_client(), company.ana).get(f"/attachments/{gone.ref}").status_code == 404


def test_a_case_holds_no_more_than_its_share(app: Flask, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "SUBJECT_FILES_MAX", 1)
    case = make_case(company.ana)
    give(case.id, company.ana.actor)
    with pytest.raises(BadInput) as refused:
        give(case.id, company.ana.actor)
    assert "no room" in str(refused.value.errors["files"])


def test_one_customer_sends_so_much_a_day_and_a_rule_or_a_command_has_only_the_cases_share(
    app: Flask, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "CUSTOMER_FILES_MAX", 1)
    monkeypatch.setattr(rules, "PERSON_FILES_MAX", 1)
    cases = [make_case(company.ana), make_case(company.ana)]
    for actor in (rule("mail-in"), command("import")):
        for case in cases:
            give(case.id, actor, b"words", "a.txt")
    cleo = customer("CU-1", cases[0].site_id)
    give(cases[0].id, cleo, b"words", "a.txt")
    with pytest.raises(BadInput) as refused:
        give(cases[1].id, cleo, b"words", "a.txt")
    assert "one day allows" in str(refused.value.errors["files"])


def test_too_many_files_are_refused_before_any_is_looked_at(
    app: Flask, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(attachments, "prepare", lambda _stream, name: looked.append(name))

    class Upload:
        filename = NAME
        stream = io.BytesIO(b"words")

    with pytest.raises(BadInput) as refused, attachments.prepared([Upload()] * (rules.FILES_AT_ONCE_MAX + 1)):
        pass
    assert (looked, refused.value.errors["files"]) == ([], ["Send at most 5 files at once."])
