"""Everything that a policy may name is really said to the clocks, by the deed that it is called after."""

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask

from app.approvals import actions as approvals
from app.approvals.models import ExceptionRequest
from app.cases import actions as cases
from app.cases import dialogue_actions as dialogue
from app.cases.models import Case
from app.kernel.database import db
from app.sla import target_actions, task_actions
from app.sla.condition_rules import EVENTS, MilestoneRule
from app.sla.models import Clock
from tests.approvals.builders import make_request
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company
from tests.sla.builders import MONDAY

MINUTE = timedelta(minutes=1)
Deed = Callable[[Case, datetime], object]


def deeds(company: Company) -> dict[str, tuple[Deed, ...]]:
    """What is done, a minute apart, so that at the last deed it happens."""
    ana, sam = company.ana.actor, company.sam.actor

    def wait(case: Case, now: datetime) -> None:
        cases.wait(case_id=case.id, waiting_for="third_party", reason="", actor=ana, now=now)

    def resolve(case: Case, now: datetime) -> None:
        cases.resolve(case_id=case.id, outcome="made_good", root_cause="process", note="", actor=ana, now=now)

    def ask(case: Case, now: datetime) -> None:
        make_request(company.ana, case=case, now=now)

    def decide(case: Case, now: datetime) -> None:
        waiting = db.session.query(ExceptionRequest.id).filter_by(case_id=case.id).scalar()
        approvals.decide(exception_id=waiting, outcome="declined", amount=None, reason="No.", actor=sam, now=now)

    def task(case: Case, now: datetime) -> None:
        task_actions.ask_task(
            case_id=case.id, kind="uc", what="A new lamp", seconds=600, team_id=None, owner_id=None,
            site_id=case.site_id, severity=2, actor=ana, now=now,
        )  # fmt: skip

    def finish(case: Case, now: datetime) -> None:
        own = db.session.query(Clock.id).filter(Clock.case_id == case.id, Clock.milestone.in_(("uc", "follow_up")))
        task_actions.finish(clock_id=own.scalar(), actor=ana, now=now)

    return {
        "acknowledged": (lambda case, now: cases.acknowledge(case_id=case.id, actor=ana, now=now),),
        "replied": (lambda case, now: cases.record_reply(case_id=case.id, text="Soon", actor=ana, now=now),),
        "customer_wrote": (
            lambda case, now: dialogue.hear(case_id=case.id, text="And?", channel="phone", actor=ana, now=now),
        ),
        "waited": (wait,),
        "resumed": (wait, lambda case, now: cases.resume(case_id=case.id, actor=ana, now=now)),
        "exception_asked": (ask,),
        "exception_decided": (ask, decide),
        "resolved": (resolve,),
        "reopened": (resolve, lambda case, now: cases.reopen(case_id=case.id, reason="Again", actor=ana, now=now)),
        "closed": (resolve, lambda case, now: cases.close(case_id=case.id, actor=ana, now=now)),
        "followed_up": (resolve, finish),
        "done": (task, finish),
    }


def test_each_event_that_a_policy_may_name_stops_a_clock_at_the_deed_it_is_called_after(app: Flask) -> None:
    company = make_company(second_site=False)
    ada = company.ada.actor
    target_actions.publish_targets(
        targets={2: {"next_update": 14_400, "follow_up": 14_400}}, number=0, actor=ada, now=MONDAY
    )
    done = deeds(company)
    assert {"logged", *done} == set(EVENTS)
    for number, (event, steps) in enumerate(done.items(), start=1):
        rule = MilestoneRule(start=frozenset({"logged"}), stop=frozenset({event}))
        target_actions.publish_rule(milestone="next_update", rule=rule, number=number, actor=ada, now=MONDAY)
        case = make_case(company.ana, severity=2, now=MONDAY)
        for minute, deed in enumerate(steps, start=1):
            deed(db.session.get_one(Case, case.id), MONDAY + minute * MINUTE)
        stopped = db.session.query(Clock.stopped_at).filter_by(case_id=case.id, milestone="next_update").scalar()
        assert stopped == MONDAY + len(steps) * MINUTE, event


def test_what_happens_to_one_task_leaves_the_clocks_of_others_alone(app: Flask) -> None:
    company = make_company(second_site=False)
    case = make_case(company.ana, severity=2, now=MONDAY)
    for _twice in range(2):
        deeds(company)["done"][0](case, MONDAY + MINUTE)
    make_request(company.ana, case=case, now=MONDAY + MINUTE)
    first = db.session.query(Clock.id).filter_by(milestone="uc").order_by(Clock.id).first()
    assert first is not None
    task_actions.finish(clock_id=first.id, actor=company.ana.actor, now=MONDAY + 2 * MINUTE)
    open_ones = db.session.query(Clock.milestone, Clock.subject).filter(
        Clock.case_id == case.id, Clock.subject.is_not(None), Clock.stopped_at.is_(None)
    )
    assert sorted(tuple(row) for row in open_ones) == [("approval", "EX-1"), ("uc", "uc:2")]


def test_an_answer_that_is_awaited_rests_a_suppliers_clock_where_the_policy_says_so(app: Flask) -> None:
    company = make_company(second_site=False)
    rule = MilestoneRule(
        pause=frozenset({"approval"}), resume=frozenset({"exception_decided"}), stop=frozenset({"done"})
    )
    target_actions.publish_rule(milestone="uc", rule=rule, number=0, actor=company.ada.actor, now=MONDAY)
    case = make_case(company.ana, severity=2, now=MONDAY)
    deeds(company)["done"][0](case, MONDAY + MINUTE)
    asked = [make_request(company.ana, case=case, now=MONDAY + n * MINUTE) for n in (2, 3)]

    def due_at() -> datetime | None:
        db.session.rollback()
        return db.session.query(Clock.due_at).filter_by(milestone="uc").scalar()  # type: ignore[no-any-return]

    assert due_at() is None
    approvals.withdraw(exception_id=asked[0].id, actor=company.ana.actor, now=MONDAY + 4 * MINUTE)
    assert due_at() is None, "the second one still waits"
    approvals.withdraw(exception_id=asked[1].id, actor=company.ana.actor, now=MONDAY + 7 * MINUTE)
    assert due_at() == MONDAY + 16 * MINUTE
