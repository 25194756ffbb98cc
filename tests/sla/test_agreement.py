"""A case lived instant by instant: page, queue, API, export and job show what the one function says, at every one of them."""

import csv
import heapq
import io
import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.api import auth
from app.approvals import actions as approvals
from app.audit.models import AuditEntry
from app.calendars.queries import calendar_of
from app.calendars.rules import next_open
from app.cases import actions as cases
from app.cases import due_queries
from app.cases import queries as queue
from app.cases.models import Case
from app.kernel.database import db
from app.kernel.paging import Page
from app.kernel.time import iso
from app.people import actions as people
from app.people.permissions import COMPANY
from app.promises import actions as promises
from app.sla import jobs, queries, task_actions
from app.sla.condition_rules import THRESHOLDS
from app.sla.models import Clock, ClockNotice, ClockPause
from app.sla.rules import BREACH, SOON, Facts, State, rung_at, state
from tests.approvals.builders import make_request
from tests.cases.builders import make_case
from tests.counts import count
from tests.people.builders import Company, sign_in
from tests.sla.builders import HOUR, MINUTE, MONDAY, company_at_a_desk

SECOND = timedelta(seconds=1)
END = MONDAY + 33 * HOUR
INSTANTS = count(200, 6)
STRIDE = 5 - count(4, 1)  # `make soak` looks at every instant, `make test` at every fourth beside the deeds
CHIP = re.compile(r'id="(CL-\d+)".*?<span class="chip chip--(\w+)"', re.DOTALL)
Deed = Callable[[datetime], object]


def story(company: Company, case: Case) -> dict[datetime, Deed]:
    """What is done on Monday and Tuesday, and when; desk and request close at 17:00, so much of it is late."""
    ana, sam, case_id, site_id = company.ana.actor, company.sam.actor, case.id, case.site_id

    def id_of(milestone: str) -> int:
        return int(db.session.query(Clock.id).filter_by(case_id=case_id, milestone=milestone).scalar())

    def promise(now: datetime) -> None:
        promises.make(
            case_id=case_id, what="A call", told_to="Cleo", due_at=now + HOUR, keeper_id=None, actor=ana, now=now
        )

    def task(now: datetime) -> None:
        task_actions.ask_task(
            case_id=case_id, kind="ola", what="A new mattress", seconds=7_200, team_id=None, owner_id=None,
            site_id=site_id, severity=4, actor=ana, now=now,
        )  # fmt: skip

    def decide(now: datetime) -> None:
        approvals.decide(exception_id=1, outcome="declined", amount=None, reason="No.", actor=sam, now=now)

    def resolve(now: datetime) -> None:
        cases.resolve(
            case_id=case_id, outcome="made_good", root_cause="equipment", note="", actor=ana, now=now
        )  # fmt: skip

    minutes: dict[int, Deed] = {
        10: lambda now: cases.acknowledge(case_id=case_id, actor=ana, now=now),
        20: lambda now: cases.wait(case_id=case_id, waiting_for="customer", reason="", actor=ana, now=now),
        50: lambda now: cases.resume(case_id=case_id, actor=ana, now=now),
        65: lambda now: cases.record_reply(case_id=case_id, text="Here we are", actor=ana, now=now),
        120: task,
        200: promise,
        300: lambda now: task_actions.finish(clock_id=id_of("ola"), actor=ana, now=now),
        450: lambda now: make_request(company.ana, case=db.session.get_one(Case, case_id), now=now),
        1_450: decide,
        1_490: resolve,
        1_500: lambda now: cases.reopen(case_id=case_id, reason="Again", actor=ana, now=now),
        1_530: lambda now: cases.change(
            case_id=case_id,
            version=db.session.get_one(Case, case_id).version,
            values={"severity": 3},
            actor=ana,
            now=now,
        ),
        1_560: resolve,
        1_570: lambda now: cases.close(case_id=case_id, actor=ana, now=now),
    }
    return {MONDAY + n * MINUTE: deed for n, deed in minutes.items()}


def truth(now: datetime) -> dict[str, tuple[Clock, State]]:
    """Each clock with what the function says of its stored facts."""
    found = {}
    for clock in db.session.query(Clock).order_by(Clock.id):
        pauses = db.session.query(ClockPause.from_at, ClockPause.to_at).filter_by(clock_id=clock.id)
        facts = Facts(
            clock.target_seconds, clock.started_at, clock.stopped_at, clock.cancelled_at, clock.breached_at,
            tuple((row.from_at, row.to_at) for row in pauses.order_by(ClockPause.id)),
        )  # fmt: skip
        found[f"CL-{clock.id}"] = clock, state(facts, calendar_of(clock.calendar_version_id), now)
    return found


def edges(now: datetime, is_for_pages: bool) -> set[datetime]:
    """When the states of open clocks change, or the next step of the ladder comes, each with a second around it."""
    found: set[datetime] = set()
    for clock in db.session.query(Clock).filter(Clock.stopped_at.is_(None), Clock.cancelled_at.is_(None)):
        if clock.due_at is None:
            continue
        facts = Facts(clock.target_seconds, clock.started_at, pauses=queries.clock_view(clock.id, now).pauses)  # type: ignore[union-attr]
        policy = queries.policy(clock.policy_version_id).rules
        for rung in (SOON, BREACH) if is_for_pages else range(len(THRESHOLDS)):
            at = rung_at(facts, calendar_of(clock.calendar_version_id), policy, rung)
            found |= {at + n * SECOND for n in (-1, 0, 1)} if at else set()
    return {at for at in found if now < at <= END}


class Desk:
    """Everything that shows a clock, read at one instant."""

    def __init__(self, app: Flask, company: Company, case_id: int) -> None:
        self.app, self.company, self.case_id = app, company, case_id
        secret, _token = people.make_token(name="agreement", actor=company.ana.actor, now=MONDAY)
        self.headers = {"Authorization": f"Bearer {secret}"}
        self.client: FlaskClient = app.test_client()
        self.signed_at = MONDAY - HOUR

    def agrees(self, now: datetime) -> None:
        if now - self.signed_at > 20 * MINUTE:
            self.client, self.signed_at = sign_in(self.app.test_client(), self.company.ana, now=now), now
        page = self.client.get(f"/cases/MG-{self.case_id}/clocks").text
        said = self.app.test_client().get(f"/api/v1/cases/MG-{self.case_id}", headers=self.headers).get_json()
        table = self.client.post("/clocks/exports", data={"case": f"MG-{self.case_id}"})
        db.session.rollback()
        there = truth(now)
        states = {ref: one.name for ref, (_clock, one) in there.items()}
        assert dict(CHIP.findall(page)) == states, now
        assert {item["ref"]: (item["state"], item["left_seconds"]) for item in said["clocks"]} == {
            ref: (one.name, one.left_seconds) for ref, (_clock, one) in there.items()
        }, now
        rows = csv.DictReader(io.StringIO(table.data.decode("utf-8-sig")))
        assert {row["clock"]: (row["state"], row["due_at"], row["elapsed_seconds"]) for row in rows} == {
            ref: (one.name, iso(one.due_at) if one.due_at else "", str(one.elapsed_seconds))
            for ref, (_clock, one) in there.items()
        }, now
        self.queue_agrees(now, there)

    def queue_agrees(self, now: datetime, there: dict[str, tuple[Clock, State]]) -> None:
        """The queue's chip is the open clock that is due next."""
        rows = queue.queue(COMPANY, queue.Filters(view="all"), Page(), me_id=None, team_id=None, now=now).rows
        for row in rows:
            due = due_queries.dues([row], now)[row.id]
            ahead = [(one.due_at, clock.id, one.name) for clock, one in there.values() if clock.is_open and one.due_at]
            at, _id, name = min(ahead) if ahead else (None, 0, "paused" if row.state == "waiting" else "plain")
            assert (due.due_at, due.state) == (at, name), now


def job_agrees(now: datetime) -> None:
    """What the job has told is what lies behind each open clock, told inside working hours."""
    for clock, there in truth(now).values():
        told = {row.threshold for row in db.session.query(ClockNotice.threshold).filter_by(clock_id=clock.id)}
        late = there.name in ("breached", "missed")
        assert not (told & set(THRESHOLDS[BREACH:])) or late, (now, clock.milestone, told)
        if clock.is_open and clock.due_at is not None and late:
            opens = next_open(clock.breached_at or clock.due_at, calendar_of(clock.calendar_version_id))
            assert ("breach" in told) == (opens is not None and now > opens), (now, clock.milestone)


def test_defect_11_page_queue_api_export_and_job_say_what_the_function_says_at_every_edge_and_at_random(
    app: Flask,
) -> None:
    app.config.update(API_PER_MINUTE=1_000_000, API_BURST=1_000_000)
    auth.prepare(app)  # a quick machine asks more often in a minute than a person's token may
    company = company_at_a_desk()
    case = make_case(company.ana, severity=4, now=MONDAY)
    deeds, chance = story(company, case), random.Random("agreement")
    shown = {at + n * SECOND for at in deeds for n in (-1, 0, 1)}
    shown |= {MONDAY + chance.randrange(int((END - MONDAY).total_seconds())) * SECOND for _ in range(INSTANTS)}
    waiting = sorted(shown)
    desk, seen, last = Desk(app, company, case.id), 0, MONDAY
    while waiting:
        now = heapq.heappop(waiting)
        if now == last:
            continue
        last = now
        with time_machine.travel(now, tick=False):
            if now in deeds:
                deeds[now](now)
            jobs.sweep(now=now)
            jobs.sweep(now=now)
            job_agrees(now)
            if now in shown:
                seen += 1
                if seen % STRIDE == 0 or now in deeds:
                    desk.agrees(now)
            more: Any = edges(now, is_for_pages=True)
            shown |= more
            for at in more | edges(now, is_for_pages=False):
                heapq.heappush(waiting, at)
        db.session.rollback()
    assert seen >= 3 * len(deeds) + INSTANTS // 2
    told = {(row.clock_id, row.threshold) for row in db.session.query(ClockNotice)}
    assert len(told) == db.session.query(ClockNotice).count() and len(told) >= 15
    entry = db.session.query(AuditEntry).filter_by(type="clock:export").first()
    assert entry is not None and entry.case_id == case.id
