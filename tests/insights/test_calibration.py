"""The calibration of the risk score: counted again by SQL of another hand, blind to what came later, and shown to who may."""

import csv
import random
import zipfile
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.audit import actions as audit
from app.cases import actions as cases
from app.cases.models import Case
from app.customers import care_actions
from app.insights import risk_actions
from app.insights.calibration_queries import Outcome, Sample, calibration
from app.insights.outcome_models import LaterOutcome
from app.insights.queries import Part, part_of
from app.insights.rules import period_of
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import BadInput
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.promises import actions as promises
from tests.api.client import Api
from tests.cases.builders import make_case
from tests.insights.recoveries import _in_dialect
from tests.people.builders import Company, make_company, sign_in

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = utc_now().replace(hour=12, minute=0, second=0, microsecond=0) - DAY
CUSTOMERS, SEED = 14, 20_261_123
TRIED = audit.declare("test:later", sentence="tried")

_WHO = (
    "who AS (SELECT c.id AS number, coalesce(m.root_id, c.id) AS root FROM customer c"
    " LEFT JOIN customer_merge m ON m.customer_id = c.id AND m.undone_at IS NULL)"
)
_LEFT = (
    "seen AS (SELECT w.root, s.id, s.case_id, s.customer_id, s.resolved_at AS at,"
    " row_number() OVER (PARTITION BY w.root ORDER BY s.resolved_at, s.id) AS place"
    " FROM survey s JOIN who w ON w.number = s.customer_id WHERE s.site_id IN ({sites})"
    " AND s.resolved_at >= :since AND {days:s.resolved_at::now} >= 30)"
)
_FAILED = (
    "failed AS (SELECT w.root, c.id, c.received_at, c.logged_at FROM case_file c JOIN who w ON w.number = c.customer_id"
    " WHERE c.site_id IN ({sites}) AND c.severity > 0)"
)
_KNOWN = "FROM failed f WHERE f.root = l.root AND f.logged_at < l.at"
_YEAR = f"{_KNOWN} AND {{days:f.received_at:l.at}} < 365"
_TURNS = "(SELECT count(*) FROM case_event e WHERE e.case_id = f.id AND e.at < l.at AND e.kind = '%s')"
_SOON = "JOIN case_event r ON r.case_id = %s AND r.kind = 'resolved' AND r.at < %s AND {days:r.at:%s} <= 30"
_COUNTS = f"""
    counts AS (SELECT l.root, l.id, l.case_id, l.customer_id, l.at,
      (SELECT min({{days:f.received_at:l.at}}) {_YEAR}) AS recent,
      (SELECT count(*) {_YEAR}) AS year,
      (SELECT count(*) {_KNOWN} AND {_TURNS % "resolved"} = {_TURNS % "reopened"}) AS open,
      (SELECT count(DISTINCT e.id) FROM failed f JOIN case_event e ON e.case_id = f.id AND e.kind = 'reopened' AND e.at < l.at
        AND {{days:e.at:l.at}} < 365 {_SOON % ("f.id", "e.at", "e.at")} WHERE f.root = l.root AND f.logged_at < l.at)
      + (SELECT count(DISTINCT f.id) FROM failed f JOIN failed o ON o.root = f.root AND o.id <> f.id AND o.logged_at < l.at
        {_SOON % ("o.id", "f.received_at", "f.received_at")} WHERE f.root = l.root AND f.logged_at < l.at
        AND {{days:f.received_at:l.at}} < 365) AS again,
      (SELECT count(*) FROM promise p JOIN case_file c ON c.id = p.case_id JOIN who w ON w.number = c.customer_id
        WHERE w.root = l.root AND p.due_at < l.at AND {{days:p.due_at:l.at}} < 180 AND NOT coalesce(p.kept_at <= p.due_at, {{no}})
        AND NOT coalesce(p.withdrawn_at < p.due_at, {{no}}))
      + (SELECT count(*) FROM clock k JOIN case_file c ON c.id = k.case_id JOIN who w ON w.number = c.customer_id
        WHERE w.root = l.root AND k.breached_at < l.at AND {{days:k.breached_at:l.at}} < 180 AND k.subject IS NULL
        AND k.label IS NULL) AS broken
      FROM seen l WHERE l.place = 1)"""
_POINTS = (
    "points AS (SELECT root, id, case_id, customer_id, at,"
    " CASE WHEN recent < 8 THEN 20 WHEN recent < 31 THEN 14 WHEN recent < 91 THEN 8 WHEN recent < 366 THEN 3 ELSE 0 END"
    " + CASE WHEN year > 3 THEN 24 WHEN year > 1 THEN (year - 1) * 8 ELSE 0 END + CASE WHEN open > 1 THEN 16 ELSE open * 8 END"
    " + CASE WHEN again > 1 THEN 25 ELSE again * 15 END + CASE WHEN broken > 2 THEN 15 ELSE broken * 5 END AS points FROM counts)"
)
_BACK = (
    "(SELECT count(*) FROM case_event e WHERE e.case_id = p.case_id AND e.kind = 'wrote' AND e.at > p.at AND"
    " {days:p.at:e.at} <= 30) + (SELECT count(*) FROM case_file o WHERE o.customer_id = p.customer_id AND o.id <> p.case_id"
    " AND o.severity > 0 AND o.received_at > p.at AND {days:p.at:o.received_at} <= 30) > 0"
)
_GONE = (
    "(SELECT NOT o.has_stayed FROM later_outcome o JOIN who w ON w.number = o.customer_id WHERE w.root = p.root"
    " AND o.has_stayed IS NOT NULL AND o.on_day > date(p.at) ORDER BY o.on_day DESC LIMIT 1)"
)


def counted(outcome: Outcome, part: Part) -> list[tuple[int, int, int, int, int]]:
    """(tenth, lowest, highest points, k, n), as the database counts them by itself."""
    hit = _BACK if outcome == "back" else _GONE
    graded = f"graded AS (SELECT points, {hit} AS hit FROM points p)"
    ranked = "ranked AS (SELECT points, hit, 1 + 10 * (rank() OVER (ORDER BY points) - 1) / count(*) OVER () AS tenth"
    statement = (
        f"WITH {_WHO}, {_LEFT}, {_FAILED}, {_COUNTS}, {_POINTS}, {graded}, {ranked} FROM graded WHERE hit IS NOT NULL)"
        " SELECT tenth, min(points), max(points), sum(CASE WHEN hit THEN 1 ELSE 0 END), count(*) FROM ranked"
        " GROUP BY tenth ORDER BY tenth"
    )
    is_sqlite = db.engine.dialect.name == "sqlite"
    given: dict[str, Any] = {"since": part.since, "now": NOW}
    if is_sqlite:
        given = {name: f"{value:%Y-%m-%d %H:%M:%S.%f}" for name, value in given.items()}
    said = _in_dialect(statement.replace("{no}", "0" if is_sqlite else "FALSE"), part)
    return [tuple(int(value) for value in row) for row in db.session.execute(text(said), given)]  # type: ignore[misc]


def tenths(of: Sample) -> list[tuple[int, int, int, int, int]]:
    return [(one.number, one.low, one.high, one.share.successes, one.share.trials) for one in of.calibration.tenths]


def live(company: Company) -> Part:
    """Customers who came once, twice and more, some served badly; of most of them another system says later if they stayed."""
    draw, actor = random.Random(SEED), company.ana.actor

    def resolve(case: Case, at: Any) -> None:
        cases.resolve(case_id=case.id, outcome="made_good", root_cause="process", note="", actor=actor, now=at)

    for number in range(CUSTOMERS):
        at = NOW - draw.randint(50, 160) * DAY
        for _visit in range(draw.choice((1, 2, 3, 4))):
            case = make_case(company.ana, customer=f"Guest{number} Someone", severity=draw.choice((1, 2, 3)), now=at)
            if draw.random() < 0.3:
                made = promises.make(
                    case_id=case.id, what="A new room.", told_to="them", due_at=at + 8 * HOUR, keeper_id=None, actor=actor, now=at
                )  # fmt: skip
                promises.keep(
                    promise_id=made.id, version=made.version, actor=actor, now=at + draw.choice((5, 20)) * HOUR
                )
            at += draw.choice((1, 3, 9)) * DAY
            resolve(case, at)
            if draw.random() < 0.4:
                cases.reopen(case_id=case.id, reason="Not solved.", actor=actor, now=at + DAY)
                resolve(case, at + 2 * DAY)
            at += draw.choice((4, 14, 33)) * DAY
        if number % 5:
            with transaction():
                db.session.add(
                    LaterOutcome(
                        source="loyalty", source_ref=str(number), on_day=NOW.date(), customer_id=case.customer_id,
                        has_stayed=draw.random() < 0.5, currency="XXX", imported_at=NOW,
                    )
                )  # fmt: skip
                audit.record(TRIED, subject="x", actor=command("test"), at=NOW)
    return part_of((company.ana.site_id or 0,), None, period_of("90d"), NOW)


def look_at_it(app: Flask, company: Company) -> None:
    """Shown to who reads figures while it is on; of few nothing is told, on no way."""
    sam, hana, ana = (sign_in(app.test_client(), who) for who in (company.sam, company.hana, company.ana))
    off = sam.get("/insights/risk").text
    assert "It is off" in off and "points" not in off and sam.post("/insights/risk/exports/csv").status_code == 404
    assert Api(app, company.max).get("/metrics/risk-calibration").status_code == 404
    risk_actions.switch(is_on=True, reason="A try.", actor=command("test"), now=utc_now())
    assert '365d" selected' in sam.get("/insights/risk").text, "what counts is older than 30 days"
    page = sam.get("/insights/risk?period=90d")
    assert page.status_code == 200 and "Too few to say whether it holds" in page.text and "too few (" in page.text
    assert "outcome=left" not in page.text, "what became of customers later is for who reads the whole company"
    assert sam.get("/insights/risk?period=90d&outcome=left").text.count("didn&#39;t stay") == 0
    assert "outcome=left" in hana.get("/insights/risk?period=90d&outcome=left").text
    assert ana.get("/insights/risk").status_code == 403 and ana.post("/insights/risk/exports/csv").status_code == 403
    told = {
        figure["key"]: figure
        for figure in Api(app, company.max).get("/metrics/risk-calibration", period="90d").json["figures"]
    }
    assert told["all"]["n"] >= 10 and told["all"]["k"] is not None
    assert all(one["k"] is None and one["value"] is None for one in told.values() if one["n"] < 10)
    assert any(key.startswith("tenth-") for key in told)
    sheet = hana.post("/insights/risk/exports/csv?period=90d")
    rows = list(csv.DictReader(sheet.get_data(as_text=True).lstrip("\ufeff").splitlines()))
    assert sheet.status_code == 200 and {row["key"] for row in rows} == set(told)
    assert all(not row["k"] for row in rows if int(row["n"]) < 10)
    said = {row["key"]: row["of"] for row in rows}
    assert (said["all"], said["lower-half"]) == ("All together", "Lower half")
    assert all(one.endswith(("points", "point")) for key, one in said.items() if key.startswith("tenth-"))
    book = zipfile.ZipFile(BytesIO(hana.post("/insights/risk/exports/xlsx?period=90d").data))
    words = "".join(book.read(name).decode() for name in book.namelist() if "haredStrings" in name or "sheet1" in name)
    assert all(key in words for key in told)
    assert hana.post("/insights/risk/exports/pdf").status_code == 404


def test_each_tenth_equals_sql_of_another_hand_is_shown_to_some_and_nothing_later_moves_a_score(app: Flask) -> None:
    company = make_company()
    part = live(company)
    found = calibration("back", part, NOW)
    assert tenths(found) == counted("back", part)
    everybody = found.calibration.everybody.trials
    assert len(found.calibration.tenths) >= 4 and 0 < found.calibration.everybody.successes < everybody > 10
    left = calibration("left", part, NOW)
    assert tenths(left) == counted("left", part) and left.unknown > 0
    look_at_it(app, company)
    case, actor = db.session.get_one(Case, 1), company.ana.actor
    cases.reopen(case_id=case.id, reason="Again.", actor=actor, now=NOW)
    cases.change(case_id=case.id, version=case.version, values={"severity": 0}, actor=actor, now=NOW)
    for number in range(0, CUSTOMERS, 2):
        make_case(company.bo, customer=f"Guest{number} Someone", now=NOW)
    assert [row[:3] + row[4:] for row in tenths(calibration("back", part, NOW))] == [
        row[:3] + row[4:] for row in tenths(found)
    ], "worked out from what had happened by then"
    care_actions.record_consent(
        customer_id=case.customer_id or 0, purpose="suggestions", given=False, source="phone", said_at=NOW, actor=actor, now=NOW
    )  # fmt: skip
    after = calibration("back", part, NOW)
    assert (after.refused, after.calibration.everybody.trials) == (1, everybody - 1)


def test_the_switch_is_an_administrators_with_a_reason(app: Flask) -> None:
    company = make_company()
    ada, sam = (sign_in(app.test_client(), who) for who in (company.ada, company.sam))
    assert sam.get("/risk-score").status_code == 403 and sam.post("/risk-score", data={"turn": "on"}).status_code == 403
    assert "It was never on" in ada.get("/risk-score").text
    assert ada.post("/risk-score", data={"turn": "on", "reason": ""}).status_code == 422
    assert ada.post("/risk-score", data={"turn": "sideways", "reason": "x"}).status_code == 422
    assert ada.post("/risk-score", data={"turn": "on", "reason": "To call back in time."}).status_code == 303
    assert "To call back in time." in ada.get("/risk-score").text
    desk = sam.get("/insights/today/risk")
    assert desk.status_code == 200 and "Customers most at risk" in desk.text
    with pytest.raises(BadInput):
        risk_actions.switch(is_on=False, reason="x" * 301, actor=company.ada.actor, now=utc_now())
