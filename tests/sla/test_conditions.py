"""The six conditions of a policy version, and clocks that belong to something beside the case."""

from datetime import timedelta

import pytest
from flask import Flask

from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted
from app.kernel.transactions import transaction
from app.people.queries import person
from app.sla import actions as clocks
from app.sla import hooks, jobs, queries, task_actions
from app.sla.condition_rules import DEFAULT_RULES, MilestoneRule, PolicyRules, problems
from app.sla.models import Clock, ClockPause, LegalPack, SlaPolicyVersion, SlaTarget
from app.sla.past_queries import disagreements, lines_of, state_at
from app.sla.queries import NEW_VERSION, ClockView
from app.sla.target_rules import Target, Traits, target_of, targets_of
from tests.sla.builders import HOUR, MINUTE, MONDAY, TEST, Desk, open_desk

DAY = 24 * HOUR
TARGETS = (
    Target(2, "resolve", 28_800),
    Target(2, "resolve", 14_400, channel="email"),
    Target(2, "resolve", 7_200, segment="gold"),
    Target(2, "resolve", 3_600, site_id=3),
    Target(2, "acknowledge", 600),
)


@pytest.mark.parametrize(
    ("traits", "seconds"),
    [
        (Traits(2), 28_800),
        (Traits(2, channel="email"), 14_400),
        (Traits(2, segment="gold", channel="email"), 7_200),
        (Traits(2, segment="gold", channel="email", site_id=3), 3_600),
        (Traits(2, site_id=4), 28_800),
        (Traits(1), None),
    ],
)
def test_the_narrowest_target_that_fits_holds(traits: Traits, seconds: int | None) -> None:
    found = target_of(TARGETS, "resolve", traits)
    assert (found.seconds if found else None) == seconds
    assert targets_of(TARGETS, traits).get("resolve") == seconds


@pytest.mark.parametrize(
    ("milestone", "rule", "codes"),
    [
        *((name, rule, []) for name, rule in DEFAULT_RULES.milestones.items()),
        ("resolve", MilestoneRule(start=frozenset({"logged"})), ["never-ends"]),
        ("resolve", MilestoneRule(stop=frozenset({"resolved"})), ["never-starts"]),
        ("ola", MilestoneRule(start=frozenset({"x"}), stop=frozenset({"done"})), ["unknown"]),
        (
            "resolve",
            MilestoneRule(pause=frozenset({"approval"}), start=frozenset({"logged"}), stop=frozenset({"done"})),
            ["approval"],
        ),
        (
            "ola",
            MilestoneRule(pause=frozenset({"approval"}), start=frozenset({"logged"}), stop=frozenset({"done"})),
            [],
        ),
        (
            "resolve",
            MilestoneRule(start=frozenset({"logged"}), stop=frozenset({"done"}), reset=frozenset({"done"})),
            ["contradiction"],
        ),
        ("resolve", MilestoneRule(start=frozenset({"logged"}), stop=frozenset({"logged"})), ["contradiction"]),
    ],
)
def test_a_rule_that_cannot_be_meant_is_named(milestone: str, rule: MilestoneRule, codes: list[str]) -> None:
    assert problems(milestone, rule) == codes


def test_rules_are_written_down_as_they_were_read() -> None:
    assert PolicyRules.parse(DEFAULT_RULES.json()) == DEFAULT_RULES
    assert PolicyRules.parse(None) is DEFAULT_RULES


def publish(rules: PolicyRules = DEFAULT_RULES, **seconds: int) -> None:
    with transaction():
        version = SlaPolicyVersion(number=1, created_at=MONDAY - DAY, rules=rules.json())
        db.session.add(version)
        db.session.flush()
        db.session().info[NEW_VERSION] = True
        for milestone, value in seconds.items():
            db.session.add(SlaTarget(version_id=version.id, severity=2, milestone=milestone, target_seconds=value))
        clocks.audit.record(clocks.CANCELLED, subject="SLA-1", actor=TEST, at=MONDAY, milestones=[])


def shown(now, case_id: int = 1) -> dict[str, list[ClockView]]:  # type: ignore[no-untyped-def]
    found: dict[str, list[ClockView]] = {}
    for view in queries.clocks_of_case(case_id, now):
        found.setdefault(view.milestone, []).append(view)
    return found


def test_each_reply_resets_the_next_update_and_a_resolution_starts_the_follow_up(app: Flask) -> None:
    desk = open_desk()
    publish(next_update=7_200, resolve=28_800, follow_up=172_800)
    desk.start(severity=2)
    for hours in (1, 3):
        clocks.happened(case_id=1, event="replied", actor=TEST, now=MONDAY + hours * HOUR)
    clocks.happened(case_id=1, event="resolved", actor=TEST, now=MONDAY + 6 * HOUR)
    found = shown(MONDAY + 7 * HOUR)
    assert [view.state for view in found["next_update"]] == ["met", "met", "missed"]
    assert [view.started_at for view in found["next_update"]] == [MONDAY, MONDAY + HOUR, MONDAY + 3 * HOUR]
    follow_up = found["follow_up"][0]
    assert (follow_up.state, follow_up.due_at) == ("running", MONDAY + 6 * HOUR + 2 * DAY)  # 48 hours on the wall
    clocks.happened(case_id=1, event="reopened", actor=TEST, now=MONDAY + 8 * HOUR)
    found = shown(MONDAY + 8 * HOUR)
    assert (found["follow_up"][0].state, found["resolve"][0].state, len(found["next_update"])) == (
        "cancelled",
        "soon",
        3,
    )
    assert disagreements(range(1, 9)) == []


def test_a_clock_counts_from_where_its_policy_says(app: Flask) -> None:
    desk = open_desk()
    rules = DEFAULT_RULES
    for name, anchor in (("acknowledge", "logged"), ("first_response", "received")):
        old = rules.of(name)
        rules = rules.with_rule(name, MilestoneRule(anchor, old.time, old.start, old.pause, old.resume, old.stop))  # type: ignore[arg-type]
    publish(rules, acknowledge=600, first_response=600, resolve=600)
    desk.start(severity=2, at=MONDAY, received_at=MONDAY + HOUR, now=MONDAY + 2 * HOUR)
    starts = {name: views[0].started_at for name, views in shown(MONDAY + 2 * HOUR).items()}
    assert starts == {"acknowledge": MONDAY + 2 * HOUR, "first_response": MONDAY + HOUR, "resolve": MONDAY}


def test_each_policy_says_which_clocks_a_reason_stops(app: Flask) -> None:
    desk = open_desk()
    old = DEFAULT_RULES.of("resolve")
    strict = MilestoneRule(start=old.start, stop=old.stop, pause=frozenset({"third_party"}), resume=old.resume)
    publish(DEFAULT_RULES.with_rule("resolve", strict), first_response=600, resolve=600)
    desk.start(severity=2)
    clocks.pause(case_id=1, reason="customer", actor=TEST, now=MONDAY + MINUTE)
    assert {name: views[0].is_paused for name, views in shown(MONDAY + MINUTE).items()} == {
        "first_response": True,
        "resolve": False,
    }
    clocks.pause(case_id=1, reason="third_party", actor=TEST, now=MONDAY + 2 * MINUTE)
    assert shown(MONDAY + 2 * MINUTE)["resolve"][0].is_paused


def people_of(desk: Desk) -> tuple[Actor, Actor]:
    ana, sam = person(desk.ana), person(desk.sam)
    assert ana is not None and sam is not None
    return ana.actor, sam.actor


def test_a_long_pause_needs_a_supervisor_or_it_ends(app: Flask) -> None:
    desk = open_desk()
    ana, sam = people_of(desk)
    desk.start(1, severity=1)
    desk.start(2, severity=1)
    for case_id in (1, 2):
        clocks.pause(case_id=case_id, reason="customer", actor=ana, now=MONDAY + HOUR)
    with pytest.raises(NotPermitted):
        task_actions.approve_pause(case_id=2, site_id=desk.site_id, reason="On holiday", actor=ana, now=MONDAY + HOUR)
    task_actions.approve_pause(case_id=2, site_id=desk.site_id, reason="On holiday", actor=sam, now=MONDAY + HOUR)
    with pytest.raises(task_actions.NothingRests):
        task_actions.approve_pause(case_id=2, site_id=desk.site_id, reason="On holiday", actor=sam, now=MONDAY + HOUR)
    limit = MONDAY + 3 * DAY + HOUR  # three working days of eight hours
    assert db.session.query(ClockPause.limit_at).filter(ClockPause.limit_at.is_not(None)).distinct().all() == [(limit,)]
    moved: list[int] = []
    hooks.on_moved.append(lambda dues, now: moved.extend(dues))
    try:
        before = limit - timedelta(seconds=1)
        assert [task_actions.end_long_pauses(now=at, limit=10) for at in (before, limit, limit)] == [0, 1, 0]
    finally:
        hooks.on_moved.pop()
    assert moved == [1]
    assert {c: shown(limit, c)["resolve"][0].is_paused for c in (1, 2)} == {1: False, 2: True}
    assert disagreements(range(1, 9)) == []


def test_a_task_for_another_team_has_its_own_clock_and_is_cancelled_with_the_case(app: Flask) -> None:
    desk = open_desk()
    ana, _sam = people_of(desk)
    desk.start(severity=2)
    given = {
        "case_id": 1,
        "team_id": desk.team_id,
        "owner_id": None,
        "site_id": desk.site_id,
        "severity": 2,
        "actor": ana,
    }
    task_actions.ask_task(kind="ola", what="Housekeeping: a new mattress", seconds=3_600, now=MONDAY, **given)  # type: ignore[arg-type]
    task_actions.ask_task(kind="uc", what="Acme: a spare part", seconds=7_200, now=MONDAY, **given)  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        task_actions.ask_task(kind="ola", what="No target and no time", seconds=None, now=MONDAY, **given)  # type: ignore[arg-type]
    found = shown(MONDAY)
    assert (found["ola"][0].label, found["ola"][0].due_at) == ("Housekeeping: a new mattress", MONDAY + HOUR)
    assert task_actions.finish(clock_id=found["ola"][0].id, actor=ana, now=MONDAY + MINUTE) == "MG-1"
    with pytest.raises(NotFound):
        task_actions.finish(clock_id=found["resolve"][0].id, actor=ana, now=MONDAY)
    clocks.happened(case_id=1, event="resolved", actor=TEST, now=MONDAY + 2 * MINUTE)
    assert {name: views[0].state for name, views in shown(MONDAY + HOUR).items() if name in ("ola", "uc")} == {
        "ola": "met",
        "uc": "cancelled",
    }


def test_adopted_legal_packs_give_every_failure_a_clock_that_nothing_pauses(app: Flask) -> None:
    desk = open_desk()
    with transaction():
        db.session.add(LegalPack(site_id=desk.site_id, code="disp-3", adopted_at=MONDAY))
        clocks.audit.record(clocks.CANCELLED, subject="SLA-1", actor=TEST, at=MONDAY, milestones=[])
    desk.start(1, severity=2)
    desk.start(2, severity=0)
    clocks.pause(case_id=1, reason="customer", actor=TEST, now=MONDAY + MINUTE)
    legal = shown(MONDAY + MINUTE)["legal"][0]
    assert (legal.due_at, legal.is_paused, legal.subject) == (MONDAY + 3 * DAY + 8 * HOUR, False, "legal:disp-3")
    assert "legal" not in shown(MONDAY, 2)
    clocks.happened(case_id=1, event="resolved", actor=TEST, now=MONDAY + DAY)
    assert shown(MONDAY + DAY)["legal"][0].state == "met"


def test_the_state_at_any_past_moment_is_what_was_shown_then(app: Flask) -> None:
    desk = open_desk()
    ana, _sam = people_of(desk)
    desk.start(severity=4)
    seen = []

    def look(minutes: float) -> None:
        now = MONDAY + minutes * MINUTE
        seen.extend(
            (view.id, now, view.state, view.due_at, view.elapsed_seconds) for view in queries.clocks_of_case(1, now)
        )

    story = (
        (5, lambda now: clocks.pause(case_id=1, reason="customer", actor=ana, now=now)),
        (20, lambda now: clocks.retarget(case_id=1, severity=3, actor=ana, now=now)),
        (40, lambda now: clocks.happened(case_id=1, event="resumed", actor=ana, now=now)),
        (45, lambda now: clocks.happened(case_id=1, event="replied", actor=ana, now=now)),
        (300, lambda now: clocks.happened(case_id=1, event="resolved", actor=ana, now=now)),
        (600, lambda now: clocks.happened(case_id=1, event="reopened", actor=ana, now=now)),
        (3_000, lambda now: clocks.retarget(case_id=1, severity=4, actor=ana, now=now)),
        (9_000, lambda now: clocks.happened(case_id=1, event="resolved", actor=ana, now=now)),
    )
    for minutes, deed in story:
        look(minutes - 0.1)
        deed(MONDAY + minutes * MINUTE)
        look(minutes)
        look(minutes + 0.1)
    assert len({state for _, _, state, _, _ in seen}) >= 5
    for clock_id, now, state, due_at, elapsed in seen:
        then = state_at(clock_id, now)
        assert then is not None
        assert (then.name, then.due_at, then.elapsed_seconds) == (state, due_at, elapsed), (clock_id, now)
    ids = sorted({clock_id for clock_id, *_ in seen})
    assert disagreements(ids) == []
    jobs.sweep(now=MONDAY + 170 * HOUR)
    kinds = [line.kind for line in lines_of(ids)[ids[-1]]]
    assert kinds == ["start", "pause", "retarget", "resume", "stop", "reopen", "retarget", "stop", "breach"]
    resolve = db.session.get(Clock, ids[-1])
    assert resolve is not None
    with transaction():
        resolve.due_at = MONDAY
        clocks.audit.record(clocks.CANCELLED, subject="SLA-1", actor=TEST, at=MONDAY, milestones=[])
    assert [(one.clock_id, one.stored) for one in disagreements(ids)] == [(ids[-1], MONDAY)]
