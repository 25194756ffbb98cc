"""What is taken along: every seeded row of the person and nothing secret; and an employee's own data."""

import io
import json
import zipfile
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.customers import merge_actions
from app.kernel.database import db
from app.kernel.errors import NotPermitted
from app.kernel.time import utc_now
from app.privacy.data_map import HOLDINGS
from app.privacy.export_actions import take_along
from app.privacy.subject_queries import Subject, rows_of, subject_of
from tests.cases.builders import make_case
from tests.conftest import _forget_the_last_request
from tests.notifications.conftest import Box
from tests.people.builders import Company, make_company, sign_in
from tests.privacy.cleo import EMAIL, NAME, TOKEN, seed
from tests.remedies.builders import publish_policy


@pytest.fixture
def company(posting: tuple[Flask, Box]) -> Company:
    posting[0].before_request_funcs.setdefault(None, []).insert(0, _forget_the_last_request)
    found = make_company()
    publish_policy()
    return found


def opened(made: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(made)) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    return json.loads(files.pop("data.json")), files


def holding_the_word() -> set[str]:
    """Every table in which the word stands at all, but for other customers' and machinery of its own."""
    found = set()
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(select(table)).mappings():
            if TOKEN in str(dict(row)).lower():
                found.add(table.name)
    return found


def test_the_export_holds_every_row_of_cleo_and_her_files_and_nothing_secret(
    posting: tuple[Flask, Box], company: Company
) -> None:
    app, _box = posting
    seeded = seed(app, company)
    # Who she was merged with is her as well.
    second = make_case(company.bo, customer="Cleo Again", summary="Under her second number")
    assert second.customer_id is not None
    merge_actions.merge(
        customer_id=second.customer_id, into_id=seeded.customer_id, reason="the same person", actor=company.sam.actor,
        now=utc_now(),
    )  # fmt: skip
    subject = subject_of(f"CU-{second.customer_id}")
    assert subject is not None and subject.ref == f"CU-{seeded.customer_id}"
    said, files = opened(take_along(subject=subject, actor=company.max.actor, now=utc_now()))
    assert {key: said["subject"]["known_as"][0][key] for key in ("name", "email")} == {"name": NAME, "email": EMAIL}
    records = said["records"]
    for holding in HOLDINGS:
        if holding.table in ("customer_token",) or not holding.of:
            continue
        table = db.metadata.tables[holding.table]
        count = len(db.session.execute(select(table).where(rows_of(holding.table, subject))).all())
        assert len(records.get(holding.table, {"rows": []})["rows"]) == count, holding.table
    not_hers = {"audit_payload", "audit_entry", "notification", "idempotency_answer", "outbox_message", "trail_search"}
    assert holding_the_word() - not_hers <= set(records)
    assert any("Under her second number" in str(row) for row in records["case_file"]["rows"])
    assert any(name.startswith("files/") and name.endswith(".pdf") for name in files)
    assert any(name.endswith(".eml") and TOKEN in body.decode().lower() for name, body in files.items())
    text = json.dumps(said)
    assert "data_key" not in text and "password" not in text and "token_hash" not in text
    assert company.sam.name not in text, "colleagues stand by number and role, but for what they signed to her"
    assert [entry["deed"] for entry in said["trail"]].count("case:log") == 2
    with pytest.raises(NotPermitted):
        take_along(subject=subject, actor=company.ana.actor, now=utc_now())


def test_everybody_takes_their_own_data_along_and_nobody_elses(posting: tuple[Flask, Box], company: Company) -> None:
    app, _box = posting
    answer = sign_in(app.test_client(), company.ana).post("/me/data")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    said, _files = opened(answer.data)
    assert said["subject"]["known_as"][0]["name"] == company.ana.name
    assert said["records"]["employee"]["rows"][0]["email"] == company.ana.email
    assert {row["id"] for row in said["records"]["employee"]["rows"]} == {company.ana.id}
    assert "password_hash" not in json.dumps(said)
    assert db.session.scalars(select(AuditEntry.type).where(AuditEntry.type == "privacy:export")).all()
    with pytest.raises(NotPermitted):
        take_along(subject=Subject("employee", (company.bo.id,)), actor=company.ana.actor, now=utc_now())
