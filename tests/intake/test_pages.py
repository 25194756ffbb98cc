"""Imports from the web page: uploaded, tried out, read by the scheduler, reported."""

import csv
import gzip
import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.cases.models import Case
from app.intake import jobs, queries
from app.intake.models import ImportRun
from app.kernel.database import db
from app.kernel.time import utc_now
from app.people import actions as people
from tests.demo.pages import Node, read
from tests.intake.counting import city
from tests.people.builders import OPERATOR, make_company, sign_in

CITY = Path(__file__).parents[1] / "data/city-requests/requests.csv"
_LINES = CITY.read_bytes().splitlines(keepends=True)
SOME = b"".join([_LINES[0], *_LINES[650:800]])


@pytest.fixture
def ada(app: Flask) -> FlaskClient:
    return sign_in(app.test_client(), make_company(second_site=False).ada)


def upload(client: FlaskClient, content: bytes, *, name: str = "past.csv", **fields: str) -> Any:
    data = {"file": (io.BytesIO(content), name), "mapping": "", **fields}
    return client.post("/imports", data=data, content_type="multipart/form-data")


def read_waiting() -> int:
    done = jobs.run_waiting(now=utc_now(), limit=5)
    db.session.remove()
    return done


def cases() -> int:
    return db.session.scalar(select(func.count()).select_from(Case)) or 0


def uploads(app: Flask) -> list[Path]:
    return list((Path(app.instance_path) / "uploads").glob("*"))


def test_a_file_is_tried_out_then_imported_from_the_same_upload(app: Flask, ada: FlaskClient) -> None:
    answer = upload(ada, gzip.compress(SOME), dry_run="y")
    assert (answer.status_code, answer.location) == (303, "/imports/IM-1")
    waiting = ada.get("/imports/IM-1").text
    assert "every 1s" in waiting and "Waiting" in waiting
    assert read_waiting() == 1 and cases() == 0
    tried = ada.get("/imports/IM-1").text
    assert "every 1s" not in tried and "Import these rows" in tried and "Closed (" in tried
    answer = ada.post("/imports/IM-1/imports")
    assert (answer.status_code, answer.location) == (303, "/imports/IM-2")
    assert read_waiting() == 1
    tried_run, run = queries.run(1), queries.run(2)
    assert tried_run is not None and run is not None
    assert cases() == run.imported_count == tried_run.imported_count > 0
    assert "Import these rows" not in ada.get("/imports/IM-1").text
    assert uploads(app) == []
    assert "past.csv" in ada.get("/imports").text


def test_the_page_says_what_a_count_of_the_raw_file_says(app: Flask, ada: FlaskClient) -> None:
    expected, rows = city(CITY), len(list(csv.DictReader(CITY.open(encoding="utf-8", newline=""))))
    whole = CITY.read_bytes()
    for imported, present in ((rows - expected.reversed, 0), (0, rows - expected.reversed)):
        run = upload(ada, whole).location
        while read_waiting():
            pass
        words = {term.words: said.words for term, said in _facts(ada.get(run).text)}
        assert [words[name] for name in ("Rows in the file", "Imported", "There already", "Turned away")] == [
            f"{rows:,}", f"{imported:,}", f"{present:,}", f"{expected.reversed:,}",
        ]  # fmt: skip
        assert f"{rows:,}" in read(ada.get("/imports").text).rows[0]
    assert cases() == rows - expected.reversed > 0


def _facts(page: str) -> list[tuple[Node, Node]]:
    found = read(page)
    return list(zip(found.by_tag("dt"), found.by_tag("dd"), strict=True))


def test_the_rejects_are_downloaded_as_a_harmless_spreadsheet(app: Flask, ada: FlaskClient) -> None:
    hostile = SOME + b'=HYPERLINK("x"),not a date,,,ONTIME,Open,S,R,T,Q,D,N,Pigeon\n'.replace(b'"', b"")
    assert upload(ada, hostile).status_code == 303
    read_waiting()
    answer = ada.get("/imports/IM-1/rejects.csv")
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    mine = [row for row in rows if row["id"].startswith("'=HYPERLINK")]
    assert {row["column"] for row in mine} == {"OPEN_DT", "Source"}
    run = queries.run(1)
    assert run is not None and len({row["line"] for row in rows}) == run.rejected_count


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"PK\x03\x04", "ZIP"),
        (b"a,b\n1,2\n", "No mapping fits"),
        (SOME + b'"open', "never closed"),
        (SOME + b"\xff\n", "not UTF-8"),
        (gzip.compress(SOME)[:-9], "damaged or cut off"),
        (gzip.compress(SOME + b"0" * 30_000_000), "is longer than"),
    ],
)
def test_a_bad_file_is_refused_beside_the_field_and_nothing_is_kept(
    app: Flask, ada: FlaskClient, content: bytes, expected: str
) -> None:
    answer = upload(ada, content, mapping="")
    assert answer.status_code == 422 and expected in answer.text
    assert db.session.scalar(select(func.count()).select_from(ImportRun)) == 0
    assert uploads(app) == []


def test_without_a_file_or_with_an_unknown_mapping_the_form_is_shown_again(ada: FlaskClient) -> None:
    assert ada.post("/imports", data={"mapping": ""}).status_code == 422
    assert upload(ada, SOME, mapping="../../etc/passwd").status_code == 422


def test_a_name_that_looks_like_a_path_is_only_shown(app: Flask, ada: FlaskClient) -> None:
    assert upload(ada, SOME, name="../../../tmp/evil<b>.csv").status_code == 303
    [kept] = uploads(app)
    assert kept.suffix == ".upload" and kept.stat().st_mode & 0o777 == 0o600
    assert "evil&lt;b&gt;.csv" in ada.get("/imports/IM-1").text


def test_uploads_have_a_limit_of_their_own(app: Flask, ada: FlaskClient) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1_000
    assert upload(ada, SOME).status_code == 303
    assert app.test_client().post("/imports", data={"file": (io.BytesIO(SOME), "x")}).status_code in (
        302,
        303,
        401,
        413,
    )


def test_a_run_whose_worker_fell_silent_is_taken_up_and_a_lively_one_is_left_alone(
    app: Flask, ada: FlaskClient
) -> None:
    upload(ada, SOME)
    run = db.session.get(ImportRun, 1)
    assert run is not None
    _pretend(run, state="running", beat_at=utc_now())
    assert read_waiting() == 0 and cases() == 0
    run = db.session.get(ImportRun, 1)
    assert run is not None
    _pretend(run, state="running", beat_at=utc_now() - timedelta(minutes=5))
    assert read_waiting() == 1 and cases() > 0


def test_a_lost_upload_or_a_person_who_left_ends_the_run_in_words(app: Flask, ada: FlaskClient) -> None:
    upload(ada, SOME)
    upload(ada, SOME)
    first = queries.run(1)
    assert first is not None and first.file_path
    Path(first.file_path).unlink()
    assert read_waiting() == 2
    run, other = queries.run(1), queries.run(2)
    assert run is not None and (run.state, run.message) == ("failed", "The uploaded file is gone. Upload it again.")
    assert other is not None and other.state == "finished"
    assert run.message in ada.get("/imports/IM-1").text


def test_old_uploads_are_forgotten_and_needed_ones_kept(app: Flask, ada: FlaskClient) -> None:
    upload(ada, SOME)
    stray = uploads(app)[0].with_name("old.upload")
    stray.write_bytes(b"x")
    later = utc_now() + timedelta(days=8)
    assert jobs.forget_uploads(now=later) == 1
    assert not stray.exists() and len(uploads(app)) == 1


def test_imports_are_the_administrators_alone(app: Flask) -> None:
    company = make_company(second_site=False)
    upload(sign_in(app.test_client(), company.ada), SOME)
    for person in (company.ana, company.sam, company.max, company.hana, company.audra):
        client = sign_in(app.test_client(), person)
        for url in ("/imports", "/imports/IM-1", "/imports/IM-1/progress", "/imports/IM-1/rejects.csv"):
            assert client.get(url).status_code == 403, (person.role, url)
        assert upload(client, SOME).status_code == 403
    assert db.session.scalar(select(func.count()).select_from(ImportRun)) == 1


@pytest.mark.parametrize("ref", ["IM-9", "IM-x", "MG-1", "IM-99999999999999999999"])
def test_a_run_that_is_not_there_is_not_found(ada: FlaskClient, ref: str) -> None:
    assert ada.get(f"/imports/{ref}").status_code == 404
    assert ada.post(f"/imports/{ref}/imports").status_code == 404


def test_the_person_who_uploads_stands_in_the_trail(app: Flask, ada: FlaskClient) -> None:
    upload(ada, SOME)
    read_waiting()
    run = queries.run(1)
    assert run is not None
    actors = (
        select(AuditEntry.actor_id).where(AuditEntry.type.in_(("import:start", "case:import", "import:end"))).distinct()
    )
    assert list(db.session.scalars(actors)) == [run.started_by_id]


def test_a_person_who_left_imports_nothing(app: Flask) -> None:
    company = make_company(second_site=False)
    upload(sign_in(app.test_client(), company.ada), SOME)
    people.add_person(
        name="Ike Two",
        email="ike@makegood.example",
        role="admin",
        site_id=company.quayside.id,
        actor=OPERATOR,
        now=utc_now(),
    )
    people.deactivate(employee_id=company.ada.id, actor=OPERATOR, now=utc_now())
    assert read_waiting() == 1 and cases() == 0
    run = queries.run(1)
    assert run is not None and run.state == "failed"


def _pretend(run: ImportRun, *, state: str, beat_at: datetime) -> None:
    from app.audit import actions as audit
    from app.intake.actions import TAKEN
    from app.kernel.transactions import transaction

    run_id = run.id
    db.session.remove()
    with transaction():
        found = db.session.get(ImportRun, run_id)
        assert found is not None
        found.state, found.beat_at = state, beat_at
        audit.record(TAKEN, subject=f"IM-{run_id}", actor=OPERATOR, at=beat_at, rows=0, from_row=1)
