"""Any sequence of asking, deciding, leaving, standing in and changing: a model that knows only the promises watches it.

Pure but for nothing: the model drives the same rules as the deeds do (who may decide, routes, settling), over people
with roles, second accounts, absences and departures. What must never happen is asserted after every step.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.approvals import matrix_rules, rules
from app.approvals.matrix_rules import Ask, Candidate, MatrixRow, StepRule
from app.kernel.time import UTC
from tests.counts import examples

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PEOPLE = range(1, 8)  # 1, 2 frontline; 3, 4, 5 supervisors; 6, 7 managers
ROLES = {1: "frontline", 2: "frontline", 3: "supervisor", 4: "supervisor", 5: "supervisor", 6: "manager", 7: "manager"}
SITES = {1: 1, 2: 1, 3: 1, 4: 1, 5: 2, 6: 1, 7: 2}
REACH = {"supervisor": "site", "manager": "company"}
WHO = st.sampled_from(["role:supervisor", "role:manager", "person:4", "person:7"])
STEPS = st.lists(
    st.builds(StepRule, st.lists(WHO, min_size=1, max_size=2, unique=True).map(tuple), st.integers(1, 2)),
    min_size=1, max_size=3,
).map(tuple)  # fmt: skip


@dataclass
class Away:
    employee_id: int
    stand_in_id: int | None
    from_at: datetime
    to_at: datetime
    amount_max: int | None


@dataclass
class Request:
    by: int
    owner: int
    amount: int
    steps: tuple[matrix_rules.RouteStep, ...]
    expires_at: datetime
    state: str = "waiting"
    step: int = 0
    raised: bool = False
    says: list[tuple[int, int, int | None, str]] = field(default_factory=list)  # step, by, on behalf of, outcome
    decisions: int = 0
    held: int = 0
    round: int = 1
    is_past: bool = False  # ended before accounts were linked


class Desk(RuleBasedStateMachine):
    """Two sites, seven accounts, any number of requests."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.here = set(PEOPLE)
        self.humans: dict[int, int] = {}
        self.away: list[Away] = []
        self.fallbacks: dict[int, int] = {}
        self.rows: tuple[MatrixRow, ...] = ()
        self.requests: list[Request] = []

    def roster(self, but: int | None = None) -> rules.Roster:
        able = [one for one in sorted(self.here) if ROLES[one] != "frontline" and one != but]
        on_leave = [away for away in self.away if away.from_at <= self.now < away.to_at]
        people = {one: self.decider(one) for one in able}
        for away in on_leave:
            if away.stand_in_id in people and away.employee_id in people:
                lent = rules.Mandate(
                    self.decider(away.employee_id), "–", away.from_at, away.to_at, away.amount_max,
                    "GBP" if away.amount_max is not None else None,
                )  # fmt: skip
                holder = people[away.stand_in_id]
                people[away.stand_in_id] = replace(holder, mandates=(*holder.mandates, lent))
        gone = {away.employee_id for away in on_leave}
        everybody = tuple(replace(one, is_away=one.id in gone) for one in people.values())
        return rules.Roster(everybody, self.humans, {}, {s: e for s, e in self.fallbacks.items() if e in people})

    def decider(self, one: int) -> rules.Decider:
        return rules.Decider(
            id=one, scope=REACH.get(ROLES[one]), site_id=SITES[one], role=ROLES[one], human=self.humans.get(one, one)
        )

    def facts(self, request: Request, roster: rules.Roster) -> rules.RequestFacts:
        step = request.steps[request.step]
        acted = {
            self.humans.get(one, one): number
            for number, by, behalf, _outcome in request.says for one in (by, behalf) if one is not None
        }  # fmt: skip
        facts = rules.RequestFacts(
            requested_by_id=request.by, handler_id=request.owner, site_id=1, team_id=None, state=request.state,
            expires_at=request.expires_at, amount_minor=request.amount, currency="GBP", acted=acted,
            step=rules.StepFacts(
                step.number, len(request.steps), step.who, step.needed,
                said=sum(said[0] == step.number for said in request.says), is_raised=request.raised,
                rest=tuple((later.who, later.needed) for later in request.steps[request.step + 1 :]),
            ),
        )  # fmt: skip
        return roster.with_fallback(facts, self.now)

    def waiting(self) -> list[Request]:
        return [one for one in self.requests if one.state == "waiting" and one.expires_at > self.now]

    def plan(self, request: Request) -> bool:
        """Route a request as the deed does; False when nobody could decide it."""
        roster = self.roster()
        blank = replace(self.facts_blank(request), humans=self.humans)
        barred = rules.barred(roster, blank)
        candidates = [
            Candidate(one.id or 0, one.person or 0, one.role, "", one.site_id or 0, None, one.scope or "", one.is_away)
            for one in roster.deciders
        ]
        found = matrix_rules.route(
            Ask("refund", request.amount, "GBP", 1), self.rows, candidates, self.now, barred=barred
        )
        fallback = roster.fallbacks.get(1)
        is_free = fallback is not None and self.humans.get(fallback, fallback) not in barred
        request.steps, request.step, request.raised = found.steps, 0, False
        return not found.is_beyond and (found.is_staffed or is_free)

    @staticmethod
    def facts_blank(request: Request) -> rules.RequestFacts:
        return rules.RequestFacts(request.by, request.owner, 1, None, "waiting", request.expires_at)

    @rule(steps=STEPS, top=st.sampled_from([None, 500]))
    def publish(self, steps: tuple[StepRule, ...], top: int | None) -> None:
        self.rows = (MatrixRow("row", steps, "GBP", 0, top),)

    @rule(by=st.sampled_from([3, 6, 1, 2]), owner=st.sampled_from([4, 1, 2]), amount=st.integers(1, 1_000))
    def ask(self, by: int, owner: int, amount: int) -> None:
        request = Request(by, owner, amount, (), self.now + timedelta(hours=72))
        if by in self.here and self.plan(request):
            self.requests.append(request)

    @initialize(amounts=st.lists(st.integers(1, 1_000), min_size=3, max_size=3), steps=STEPS, is_routed=st.booleans())
    def open_the_desk(self, amounts: list[int], steps: tuple[StepRule, ...], is_routed: bool) -> None:
        """A day begins with requests of a supervisor, a manager and the frontline, so that few steps lead far."""
        if is_routed:
            self.publish(steps, None)
        for by, owner, amount in zip((3, 6, 1), (4, 1, 2), amounts, strict=True):
            self.ask(by, owner, amount)

    @precondition(lambda self: self.requests)
    @rule(data=st.data(), outcome=st.sampled_from(["approved", "approved", "approved", "declined"]))
    def decide(self, data: st.DataObject, outcome: str) -> None:
        """Anybody tries, most often somebody with a part in it, who has spoken already, or who may; also what is over."""
        lapsed = [one for one in self.requests if one.state == "waiting" and one.expires_at <= self.now]
        request = data.draw(st.sampled_from([*self.waiting() * 3, *lapsed * 3, *self.requests]))
        roster = self.roster()
        able = [one.id for one in roster.able(self.facts(request, roster), self.now) if one.id is not None]
        parties = {self.humans.get(one, one) for one in (request.by, request.owner)}
        accounts = [one for one in PEOPLE if self.humans.get(one, one) in parties]
        who = data.draw(st.sampled_from([*accounts, *(said[1] for said in request.says), *able, *PEOPLE]))
        answer = rules.may_decide(roster.decider(who), self.facts(request, roster), self.now)
        if isinstance(answer, rules.Refused):
            return
        assert (request.state, self.now < request.expires_at) == ("waiting", True), ("decided when over", request)
        step = request.steps[request.step]
        request.says.append((step.number, who, answer.on_behalf_of_id, outcome))
        settled = rules.settled([said[3] for said in request.says if said[0] == step.number], step.needed)
        if settled == "approved" and request.step + 1 < len(request.steps):
            request.step, request.raised = request.step + 1, False
        elif settled is not None:
            request.state, request.decisions = settled, request.decisions + 1
            request.held += request.amount if settled == "approved" else 0

    @precondition(lambda self: self.waiting())
    @rule(data=st.data(), amount=st.integers(1, 1_000))
    def amend(self, data: st.DataObject, amount: int) -> None:
        request = data.draw(st.sampled_from(self.waiting()))
        kept = request.amount, request.steps, request.step, request.raised
        request.amount = amount
        if self.plan(request):
            request.says, request.round = [], request.round + 1
        else:
            request.amount, request.steps, request.step, request.raised = kept

    @rule(employee=st.sampled_from([3, 4, 5, 6, 7]), stand_in=st.sampled_from([None, 3, 4, 5, 6, 7]),
          days=st.integers(1, 30), most=st.sampled_from([None, 300]))  # fmt: skip
    def leave_for_days(self, employee: int, stand_in: int | None, days: int, most: int | None) -> None:
        if stand_in != employee:
            self.away.append(Away(employee, stand_in, self.now, self.now + timedelta(days=days), most))

    @precondition(lambda self: not self.waiting())
    @rule(pair=st.sampled_from([(5, 3), (7, 6), (5, 6), (7, 3)]), days=st.integers(2, 30))
    def leave_to_own_account(self, pair: tuple[int, int], days: int) -> None:
        """Name one's own second account as stand-in, which is found out only afterwards."""
        second, first = pair
        self.leave_for_days(first, second, days, None)
        self.link(second, first)
        self.ask(1, 2, 100)
        self.ask(2, 1, 100)

    @rule(employee=st.sampled_from([3, 4, 5, 6, 7]))
    def depart(self, employee: int) -> None:
        """Deactivate somebody unless that left a waiting request without a decider: the hook refuses it then."""
        left = self.roster(but=employee)
        if all(rules.is_staffed(left, self.facts(request, left), self.now) for request in self.waiting()):
            self.here.discard(employee)
            roster = self.roster()
            for request in self.waiting():
                assert roster.able(self.facts(request, roster), self.now), ("orphan", request)

    @rule(second=st.sampled_from([4, 5, 7]), first=st.sampled_from([1, 3, 6]))
    def link(self, second: int, first: int) -> None:
        """Say that accounts are one person's; what ended before is judged by what was known then."""
        if not self.waiting():
            self.humans = {**self.humans, second: first}
            for request in self.requests:
                request.is_past = True

    @rule(employee=st.sampled_from([4, 6, 7]))
    def name_fallback(self, employee: int) -> None:
        self.fallbacks = {1: employee}

    @rule(hours=st.integers(1, 40), is_swept=st.sampled_from([False, False, True]))
    def wait(self, hours: int, is_swept: bool) -> None:
        """Let time go by; the job that ends what has expired may be late."""
        self.now += timedelta(hours=hours)
        for request in self.requests:
            if is_swept and request.state == "waiting" and request.expires_at <= self.now:
                request.state = "expired"
            request.raised = request.raised or request.state == "waiting"

    @invariant()
    def nobody_decides_what_they_have_a_part_in(self) -> None:
        for request in (one for one in self.requests if not one.is_past):
            parties = {self.humans.get(one, one) for one in (request.by, request.owner)}
            speakers = [self.humans.get(one, one) for said in request.says for one in said[1:3] if one is not None]
            assert not parties & set(speakers), request
            assert len(speakers) == len(set(speakers)), request

    @invariant()
    def one_decision_and_one_hold(self) -> None:
        for request in self.requests:
            assert request.decisions == (request.state in ("approved", "declined"))
            assert request.held == (request.amount if request.state == "approved" else 0)
            if request.state == "approved":
                for step in request.steps:
                    assert sum(said[0] == step.number for said in request.says) == step.needed

    @invariant()
    def time_alone_never_approves(self) -> None:
        assert not any(request.state == "approved" and not request.says for request in self.requests)

    @invariant()
    def whoever_may_decide_holds_the_right_now(self) -> None:
        roster = self.roster()
        for request in self.waiting():
            facts = self.facts(request, roster)
            for one in roster.able(facts, self.now):
                assert one.id in self.here and ROLES[one.id] != "frontline"
                answer = rules.may_decide(one, facts, self.now)
                assert isinstance(answer, rules.Allowed)
                if answer.on_behalf_of_id is not None:
                    principal = self.humans.get(answer.on_behalf_of_id, answer.on_behalf_of_id)
                    parties = {self.humans.get(part, part) for part in (request.by, request.owner)}
                    assert principal != one.person, ("stands in for themselves", request)
                    assert principal not in parties, ("for somebody with a part in it", request)
                    lent = [
                        away for away in self.away
                        if (away.employee_id, away.stand_in_id) == (answer.on_behalf_of_id, one.id)
                        and away.from_at <= self.now < away.to_at
                        and (away.amount_max is None or request.amount <= away.amount_max)
                    ]  # fmt: skip
                    assert lent and answer.on_behalf_of_id in self.here
                elif one.id != facts.fallback_id:
                    assert one.scope == "company" or one.site_id == 1


TestDesk = Desk.TestCase
TestDesk.settings = settings(max_examples=examples(10_000, 50), stateful_step_count=30, deadline=None)
