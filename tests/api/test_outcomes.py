"""What became of customers, told over the API: once each, validated line by line, named in the trail."""

from flask import Flask
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.insights import outcome_queries
from app.insights.outcome_models import LaterOutcome
from app.kernel.database import db
from tests.api.client import NOISE, Api, a_company, problem

LINE = {"ref": "C-1", "day": "2026-03-31", "stayed": True, "value": "197.645", "segment": "Regular"}


def test_outcomes_are_taken_in_once_and_each_is_named_in_the_trail(app: Flask) -> None:
    company = a_company(app)
    ada, ana = Api(app, company.ada), Api(app, company.ana)
    ana.log(**NOISE, customer={"name": "Cleo Marsh", "email": "cleo@example.com"})
    body = {
        "source": "crm", "currency": "GBP",
        "outcomes": [{**LINE, "customer": "cleo@example.com"}, {"ref": "C-2", "day": "2026-03-31", "stayed": False}],
    }  # fmt: skip
    first = ada.post("/outcomes", body, key="outcomes-1")
    assert first.status_code == 201 and first.get_json() == {"taken": 2, "known": 0, "strangers": 1}
    again = ada.post("/outcomes", body, key="outcomes-1")
    assert again.get_json() == first.get_json(), "the same key is answered, not done again"
    assert ada.post("/outcomes", body).get_json() == {"taken": 0, "known": 2, "strangers": 0}
    problem(ada.post("/outcomes", {**body, "source": "other"}, key="outcomes-1"), 422, "idempotency-key-reused")
    rows = db.session.scalars(select(LaterOutcome).order_by(LaterOutcome.id)).all()
    assert [(row.customer_id is None, row.has_stayed, row.value_millis) for row in rows] == [
        (False, True, 197_645), (True, False, None),
    ]  # fmt: skip
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.type == "outcome:import")).all()
    assert [entry.actor_id for entry in entries] == [company.ada.id] * 2
    (found,) = outcome_queries.later()
    assert (found.source, found.count, found.stayed.trials, found.stayed.ratio) == ("crm", 2, 2, None)


def test_a_line_that_cannot_be_meant_is_refused_and_nothing_is_taken(app: Flask) -> None:
    company = a_company(app)
    ada = Api(app, company.ada)
    for wrong, field in (
        ({"value": "12,50"}, "value"), ({"value": "-1"}, "value"), ({"value": "1" * 10}, "value"),
        ({"day": "2026-02-30"}, "day"), ({"day": 20260331}, "day"), ({"stayed": "yes"}, "stayed"),
        ({"rank": 1}, "rank"), ({"stayed": None, "value": None}, ""),
    ):  # fmt: skip
        answer = ada.post("/outcomes", {"source": "crm", "outcomes": [LINE, {**LINE, "ref": "C-2", **wrong}]})
        body = problem(answer, 422, "bad-input")
        assert field in str(body), (wrong, body)
    problem(ada.post("/outcomes", {"source": "crm", "outcomes": [LINE, LINE]}), 422, "bad-input")
    problem(ada.post("/outcomes", {"source": "crm", "outcomes": []}), 422, "bad-input")
    problem(ada.post("/outcomes", {"source": "crm", "outcomes": [LINE] * 501}), 422, "bad-input")
    problem(ada.post("/outcomes", {"source": "crm", "outcomes": [LINE]}, key=None), 400, "idempotency-key-missing")
    problem(Api(app, company.ana).post("/outcomes", {"source": "crm", "outcomes": [LINE]}), 403, "not-permitted")
    assert db.session.scalar(select(LaterOutcome.id)) is None
