"""Satisfaction per person of the imported support tickets equals a count of the raw file, and too few answers say nothing."""

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.cases.models import Case
from app.feedback import queries as feedback
from app.feedback.models import FollowUp, Survey, SurveyAnswer
from app.insights import measure_queries, rollup_actions
from app.insights.queries import Part
from app.insights.rollup_models import RollupDay
from app.insights.rules import COUNT_MIN
from app.intake.models import ImportReject
from app.kernel import invariants
from app.kernel.database import db
from app.notifications.outbox_models import OutboxMessage
from app.people import queries as people
from app.people.models import Employee
from app.people.permissions import Scope
from app.people.queries import PersonRow
from app.reviews import count_queries
from app.reviews.count_queries import Span
from app.reviews.figure_rules import figure
from tests.counts import count
from tests.demo.pages import read
from tests.demo.readers import satisfied, share, stop_the_clock
from tests.intake.counting import Support, rows, support
from tests.people.builders import make_person, make_site, sign_in

FILE = Path(__file__).parents[3] / "shared/data/support-tickets/technical_support.csv"
SINCE, NOW = datetime(2023, 1, 1, tzinfo=UTC), datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CHANNELS = {"Email": "By e-mail", "Phone": "By telephone", "Chat": "In a chat"}
ALL = Scope("company")
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(not FILE.exists(), reason=f"NOT RUN: the support tickets are not at {FILE}"),
]


def piece(tmp_path: Path) -> Path:
    """The first tickets, or all of them in `make soak`."""
    whole = list(rows(FILE))
    path = tmp_path / "tickets.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(whole[0]))
        writer.writeheader()
        writer.writerows(whole[: count(len(whole), 240, least=60)])
    return path


def imported(app: Flask, file: Path, tmp_path: Path, *options: str) -> dict[str, Any]:
    result = app.test_cli_runner().invoke(
        args=["cases", "import", str(file), "--json", "--rejects", str(tmp_path / "rejects.csv"), *options]
    )
    db.session.remove()
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.output))


def held(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def agrees(expected: Support, ids: dict[str, int], until: datetime) -> int:
    """Compare a period by every way in which the product counts it; returns how many people have too few answers."""
    counts = count_queries.counts("recovery", Span(SINCE, until, NOW), "frontline")
    part = Part(tuple(site.id for site in people.sites()), None, SINCE, until)
    tally = measure_queries.tally("recovery", part, NOW).people
    few = 0
    for name, who in ids.items():
        k, n = expected.satisfied[name], expected.answered[name]
        shown = figure("recovery", counts, who)
        assert (shown.k, shown.n) == ((k, n) if n >= COUNT_MIN else (None, None))
        assert n == 0 or (tally[who].k, tally[who].n) == (k, n)
        few += n < COUNT_MIN
    totals = feedback.totals(ALL, site_id=None, since=SINCE, until=until)
    assert (totals.csat_top, totals.csat_count) == (expected.satisfied.total(), expected.answered.total())
    assert totals.means["csat"].total == expected.stars
    # Nobody asked these customers, and nobody has to call them: they are in no response rate and no follow-up.
    assert (totals.resolved, totals.asked, totals.answered, totals.low) == (0, 0, 0, 0)
    assert totals.imported == expected.answered.total()
    assert [measure_queries.total(name, part, NOW).trials for name in ("response", "reopened", "first-contact")] == [
        0
    ] * 3
    return few


def test_satisfaction_per_person_equals_the_raw_file(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, site = piece(tmp_path), make_site()
    raw = list(rows(file))
    ids = {name: make_person(name, "frontline", site.id).id for name in sorted({row["Agent Name"] for row in raw})}
    whole = support(file, "2025")
    ended = sum(bool(row["Resolution time"]) for row in raw)
    tried = imported(app, file, tmp_path, "--dry-run")
    assert (tried["imported"], held(Case), held(Survey)) == (len(raw), 0, 0)
    found = imported(app, file, tmp_path)
    assert (found["mapping"], found["imported"], found["rejected"]) == ("support-tickets", len(raw), 0)
    again = imported(app, file, tmp_path)
    assert (again["imported"], again["present"]) == (0, len(raw))
    assert held(Survey) == held(SurveyAnswer) == whole.answered.total()
    named = select(func.count()).where(AuditEntry.type == "survey:import")
    assert db.session.scalar(named) == whole.answered.total()
    assert db.session.scalar(select(func.count()).where(Case.resolved_by_id.in_(ids.values()))) == ended
    assert whole.unhappy and (held(FollowUp), held(OutboxMessage), held(Employee)) == (0, 0, len(ids))
    assert agrees(support(file, "2023-01-12"), ids, datetime(2023, 1, 12, tzinfo=UTC)) > 0
    agrees(whole, ids, datetime(2025, 1, 1, tzinfo=UTC))
    assert invariants.violations("feedback") == []
    rollup_actions.rebuild(now=NOW)
    kept = select(func.sum(RollupDay.satisfied), func.sum(RollupDay.answered)).where(RollupDay.dimension == "all")
    assert tuple(db.session.execute(kept).one()) == (whole.satisfied.total(), whole.answered.total())
    shown(app, monkeypatch, raw, make_person("Maud Reyes", "manager", site.id))


def shown(app: Flask, monkeypatch: pytest.MonkeyPatch, raw: list[dict[str, str]], manager: PersonRow) -> None:
    """The pages a year after the tickets: their answers by every part, counted from the file; and nothing else of them."""
    now = datetime(2023, 12, 31, 12, tzinfo=UTC)
    stop_the_clock(monkeypatch, now)
    client = sign_in(app.test_client(), manager, now=now)
    scores: dict[str, dict[str, list[int]]] = {}
    for row in raw:
        if row["Survey results"] and "2023-01-01" <= row["Resolution time"] < "2024":
            day = date.fromisoformat(row["Resolution time"][:10])
            monday = day - timedelta(days=day.weekday())
            severity = {"Low": 1, "Medium": 2, "High": 3}[row["Priority"]]
            parts = {"channel": CHANNELS[row["Source"]], "team": row["Agent Group"],
                     "severity": f"Severity {severity}", "week": f"Week of {monday.day} {monday:%b}".replace("Sep", "Sept")}  # fmt: skip
            for by, part in parts.items():
                scores.setdefault(by, {}).setdefault(part, []).append(int(float(row["Survey results"])))
    for by, found in scores.items():
        page = read(client.get(f"/insights/company?period=365d&by={by}").text)
        lines = {line[0]: line[1:] for line in page.under("parts").rows}
        every = [score for some in found.values() for score in some]
        assert page.boxes["Satisfied (4 or 5 of 5)"] == share(sum(score > 3 for score in every), len(every))
        assert lines == {
            part: ["0", "too few", satisfied(some), "–"] for part, some in {**found, "All together": every}.items()
        }
    every = [score for some in scores["channel"].values() for score in some]
    answers = read(client.get("/feedback?days=365").text).words
    assert f"{sum(score > 3 for score in every):,} of {len(every):,}, likely between" in answers
    overview = read(client.get("/insights?period=365d").text)
    assert overview.boxes["Resolved on own authority"] == ("too few", "0: too few to say")
    assert overview.boxes["Late now"] == ("0", "open clocks; 0 more are due within 8 hours"), (
        "imported history is left out"
    )
    assert "No case" in client.get("/insights/cases/late?period=365d").text


def test_people_who_are_not_here_turn_their_rows_away(app: Flask, tmp_path: Path) -> None:
    file = piece(tmp_path)
    found = imported(app, file, tmp_path)
    ended = sum(bool(row["Resolution time"]) for row in rows(file))
    assert (found["rejected"], held(Employee)) == (ended, 0)
    assert set(db.session.scalars(select(ImportReject.code))) <= {"unknown-person"} and held(Survey) == 0
