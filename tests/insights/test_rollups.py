"""Kept counts equal a full recount after whatever happened, and the overview's parts add up to what lies behind them."""

from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import select

from app.cases import actions as cases
from app.cases.models import Case
from app.customers.segment_actions import set_segment
from app.insights import figures, jobs, rollup_actions, rollup_queries
from app.insights.arrival_rules import arrivals
from app.insights.rollup_models import RollupMark
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.paging import Page
from app.ops.jobs import all_jobs
from app.people import queries as people
from tests.insights.recoveries import live_some_weeks
from tests.people.builders import make_company, make_team, sign_in


def test_kept_counts_equal_a_recount_after_every_kind_of_change_and_parts_add_up(app: Flask) -> None:
    company = make_company()
    assert jobs.fold_rollups(now=datetime.now(UTC)) == 0  # nothing to count yet, and the mark is set
    now = live_some_weeks(company)
    later = now + timedelta(minutes=1)
    assert jobs.fold_rollups(now=later) > 5 and rollup_actions.is_whole()
    hour = timedelta(hours=1)
    assert jobs.fold_rollups(now=later + hour) == 0, "nothing was changed"

    moved = db.session.scalars(select(Case).where(Case.resolved_at.is_not(None)).order_by(Case.id)).first()
    assert moved is not None and moved.customer_id
    case_id, customer_id = moved.id, moved.customer_id
    cases.reopen(case_id=case_id, reason="Still cold.", actor=company.ana.actor, now=now)
    assert not rollup_actions.is_whole()
    assert jobs.fold_rollups(now=now + hour) >= 1 and rollup_actions.is_whole()
    cases.resolve(
        case_id=case_id, outcome="explained", root_cause="supplier", note="", actor=company.ana.actor, now=now
    )
    set_segment(customer_id=customer_id, segment="gold", actor=command("test"), now=now)
    assert jobs.fold_rollups(now=now + 2 * hour) >= 2 and rollup_actions.is_whole()
    mark = db.session.get_one(RollupMark, 1).entry_id
    assert rollup_actions.rebuild(now=now) > 10 and rollup_actions.is_whole()
    assert db.session.get_one(RollupMark, 1).entry_id == mark

    sites, first, last = (company.quayside.id,), (now - timedelta(days=90)).date(), now.date()
    found = rollup_queries.overview(sites, first, last)
    assert found.whole.resolved == 13 and (found.whole.satisfied, found.whole.answered) == (8, 12)
    for dimension, nodes in {**found.parts, "site": found.sites, "week": found.weeks}.items():
        added = sum(nodes.values(), start=rollup_queries.Node())  # type: ignore[arg-type]
        assert added == found.whole, dimension
    for dimension, nodes in found.parts.items():
        for value, node in nodes.items():
            behind = rollup_queries.cases_of(sites, first, last, dimension, value, Page(size=200)).rows
            assert len(behind) == node.resolved, (dimension, value)

    body = sign_in(app.test_client(), company.max).get("/insights/company?period=90d&by=stage").get_data(as_text=True)
    assert "Arrival" in body and "8 of 12; 95 %" in body and "67% of 12" in body
    client = sign_in(app.test_client(), company.max)
    assert 'id="arrivals"' in client.get("/insights/arrivals?period=90d").get_data(as_text=True)
    listed = client.get("/insights/company/segment/cases?period=90d&of=gold").get_data(as_text=True)
    assert listed.count('class="table__subject') == found.parts["segment"]["gold"].resolved
    assert client.get("/insights/company?by=person").status_code == 404
    for of in ("²", "9" * 30, "abc"):
        assert "No case" in client.get(f"/insights/company/team/cases?of={of}").get_data(as_text=True)
    answer = app.test_cli_runner().invoke(args=["rollups", "rebuild", "--json"])
    assert answer.exit_code == 0 and '"whole": true' in answer.output


def test_the_overview_is_kept_by_what_may_be_seen_and_answered_in_a_word_until_a_count_changes(app: Flask) -> None:
    company = make_company()
    now = live_some_weeks(company)
    assert jobs.fold_rollups(now=now) > 5
    assert company.tom and company.harbour
    address = "/insights/company?period=90d"
    max_, sam, tom = (sign_in(app.test_client(), who) for who in (company.max, company.sam, company.tom))
    pages = {who: client.get(address) for who, client in (("max", max_), ("sam", sam), ("tom", tom))}
    texts = {who: page.get_data(as_text=True) for who, page in pages.items()}
    assert "Harbour House</option>" in texts["max"] and "Harbour House</option>" not in texts["sam"]
    assert 'id="weeks"' in texts["sam"] and 'id="weeks"' not in texts["tom"], "nothing of Quayside elsewhere"
    assert len({page.headers["ETag"] for page in pages.values()}) == 3
    tagged = {"If-None-Match": pages["sam"].headers["ETag"]}

    again = sam.get(address, headers=tagged)
    assert (again.status_code, again.data) == (304, b"") and "Cookie" in again.headers["Vary"]
    assert tom.get(address, headers=tagged).status_code == 200, "another reader has another page"
    assert sam.get(address + "&by=team", headers=tagged).status_code == 200
    sam.set_cookie("language", "de")
    assert 'lang="de' in sam.get(address, headers=tagged).get_data(as_text=True)
    sam.delete_cookie("language")
    with sam.session_transaction() as kept:
        kept["_flashes"] = [("message", "Kept.")]
    assert "Kept." in sam.get(address, headers=tagged).get_data(as_text=True)
    assert sam.get(address, headers=tagged).status_code == 304

    case = db.session.scalars(select(Case).where(Case.resolved_at.is_not(None))).first()
    assert case is not None
    cases.reopen(case_id=case.id, reason="Still cold.", actor=company.ana.actor, now=now)
    fold = next(job for job in all_jobs(db.engine.dialect.name) if job.name == "rollups-fold")
    assert fold.every_seconds <= 30, "within a minute of the change, even if the scheduler misses a round"
    assert sam.get(address, headers=tagged).status_code == 304, "not counted yet"
    assert fold.work(now + timedelta(seconds=fold.every_seconds)) >= 1
    changed = sam.get(address, headers=tagged)
    assert changed.status_code == 200 and changed.get_data(as_text=True) != texts["sam"]
    body = changed.get_data(as_text=True)
    assert "<b>12</b>" in body and "<b>13</b>" in texts["sam"]


def test_a_peak_stands_in_the_hour_on_the_wall_in_winter_and_in_summer() -> None:
    winter = [(datetime(2026, 1, 5, 8, minute, tzinfo=UTC), 1) for minute in range(30)]  # a Monday, 08 in London
    summer = [(datetime(2026, 7, 6, 7, minute, tzinfo=UTC), 1) for minute in range(30)]  # 08 there too
    tokyo = [(datetime(2026, 1, 4, 23, 30, tzinfo=UTC), 2)]  # Monday 08:30 there
    counts = arrivals([*winter, *summer, *tokyo], {1: "Europe/London", 2: "Asia/Tokyo"})
    assert counts[0][4] == 61 and sum(map(sum, counts)) == 61


def test_teams_that_are_called_alike_are_told_apart_by_their_site(app: Flask) -> None:
    company = make_company()
    harbour = next(site for site in people.sites() if site.code == "HARB")
    make_team(company.front_desk.name, harbour.id)
    make_team("Night Desk", company.quayside.id)
    names = figures.names_of(tuple(people.sites()), tuple(people.teams()))
    called = {team.id: names.of("team", team.id) for team in people.teams()}
    assert len(set(called.values())) == len(called)
    assert {"Front desk, Quayside", "Front desk, Harbour House", "Night Desk"} <= set(called.values()), called
