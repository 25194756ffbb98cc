"""The past under other rules: windows fill in the order of time, and the same rules give the same answers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.kernel.money import Money
from app.policies.rate_rules import NO_RATES, Rate, Rates
from app.policies.replay_rules import Answer, Asked, End, Exceptional, Replay, Window
from app.policies.rules import Holder, Offer, Rule

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
INCIDENT = Rule(1, "frontline", None, None, None, 0, 4, "incident", None, 20_000, "GBP", "4.2")
CUSTOMER = replace(INCIDENT, id=2, unit="customer_days", days=30, limit_minor=30_000, clause="4.3")
MONTH = replace(INCIDENT, id=3, unit="employee_month", limit_minor=50_000, clause="5.1")
CAP = replace(INCIDENT, id=4, role=None, limit_minor=100_000, hard=True, clause="3.1")
RULES = (INCIDENT, CUSTOMER, MONTH, CAP)


class Plainly:
    """Windows of a case, a customer and an employee's month, named by hand."""

    def window(self, rule: Rule, asked: Asked, at: datetime) -> Window | None:
        if rule.unit == "customer_days":
            return None if asked.customer_id is None else Window(f"c{asked.customer_id}", rule.days)
        return Window(f"i{asked.case_id}") if rule.unit == "incident" else Window(f"e{asked.employee_id}:{at:%Y-%m}")

    def rates(self, rules: Sequence[Rule], asked: Asked, at: datetime) -> Rates:
        return NO_RATES


def asked(number: int, minor: int, *, hours: float | None = None, **changes: object) -> Asked:
    """The number-th question, an hour after the one before, in a case and by a customer of its own."""
    has_customer = changes.get("customer_id", number) is not None
    offer = Offer(Money(minor, "GBP"), "refund", "goodwill", True, 3, 5, has_customer=has_customer)
    at = START + timedelta(hours=number if hours is None else hours)
    base = Asked(number, at, offer, Holder("frontline", 1), number, number, 7, 1, 1, "Europe/London", outcome="allowed")
    return replace(base, **changes)  # type: ignore[arg-type]


def replayed(questions: Sequence[Asked], rules: Sequence[Rule] = RULES) -> list[Answer]:
    replay = Replay(lambda _asked: rules, Plainly())
    return [replay.ask(question) for question in questions]


def outcomes(questions: Sequence[Asked], rules: Sequence[Rule] = RULES) -> list[str]:
    return [answer.outcome for answer in replayed(questions, rules)]


def test_a_window_fills_up_in_the_order_of_time() -> None:
    same_case = [asked(n, 10_000, case_id=1) for n in range(3)]
    assert outcomes(same_case) == ["allowed", "allowed", "needs_approval"]
    assert outcomes(same_case, [replace(INCIDENT, limit_minor=30_000)]) == ["allowed"] * 3


def test_what_was_given_back_is_free_again_from_that_moment() -> None:
    back = (End(START + timedelta(hours=1), 0),)
    first = asked(0, 20_000, case_id=1, ends=back)
    assert outcomes([first, asked(1, 20_000, case_id=1, hours=0.9)])[1] == "needs_approval"
    assert outcomes([first, asked(1, 20_000, case_id=1, hours=1)])[1] == "allowed"


def test_what_was_settled_for_less_counts_for_less() -> None:
    first = asked(0, 20_000, case_id=1, ends=(End(START + timedelta(minutes=5), 5_000),))
    answers = replayed([first, asked(1, 15_000, case_id=1), asked(2, 1, case_id=1)])
    assert [answer.outcome for answer in answers] == ["allowed", "allowed", "needs_approval"]
    assert answers[0].given_minor == 5_000


def test_a_rolling_window_forgets_after_its_days_and_a_missing_customer_has_none() -> None:
    first = asked(0, 20_000, customer_id=9)
    edge = START + timedelta(days=30)
    assert outcomes([first, asked(1, 15_000, customer_id=9, at=edge - timedelta(seconds=1))])[1] == "needs_approval"
    assert outcomes([first, asked(1, 15_000, customer_id=9, at=edge)])[1] == "allowed"
    assert outcomes([asked(0, 20_000, customer_id=None), asked(1, 20_000, customer_id=None)]) == ["allowed"] * 2


def test_an_approved_exception_leaves_the_givers_own_limit_as_it_was_from_when_it_was_decided() -> None:
    decided = START + timedelta(hours=2)
    big = asked(
        0, 60_000, case_id=1, outcome="needs_approval", exception=Exceptional(decided, 60_000, 7_200)
    )  # fmt: skip
    later = [asked(n, 10_000) for n in (1, 3, 4, 5, 6, 7)]
    answers = outcomes([big, *later])
    assert answers == ["needs_approval", *["allowed"] * 5, "needs_approval"], "50,000 a month of their own, no less"
    # The hard cap counts the exception too, once it is decided.
    assert outcomes([big, asked(1, 100_000, case_id=1)])[1] == "needs_approval"
    assert outcomes([big, asked(3, 100_000, case_id=1)])[1] == "refused"


def test_a_request_that_the_draft_allows_is_given_at_once_and_in_full() -> None:
    decided = START + timedelta(hours=2)
    less = asked(0, 30_000, outcome="needs_approval", exception=Exceptional(decided, 25_000, 7_200))
    settled = (End(START + timedelta(hours=3), 25_000),)
    wide = [replace(INCIDENT, limit_minor=40_000)]
    assert replayed([replace(less, ends=settled)], wide)[0].given_minor == 30_000
    assert replayed([replace(less, ends=(End(START + timedelta(hours=3), 0),))], wide)[0].given_minor == 0
    declined = replace(less, exception=Exceptional(decided, None, 7_200))
    assert replayed([declined], wide)[0].given_minor == 30_000
    assert replayed([declined])[0].given_minor == 0


def test_what_the_draft_would_send_to_an_approver_is_taken_to_be_approved_and_what_it_refuses_is_not_given() -> None:
    narrow = [replace(INCIDENT, limit_minor=5_000)]
    answer = replayed([asked(0, 10_000)], narrow)[0]
    assert (answer.outcome, answer.given_minor) == ("needs_approval", 10_000)
    capped = replayed([asked(0, 10_000)], [*narrow, replace(CAP, limit_minor=9_999)])[0]
    assert (capped.outcome, capped.given_minor) == ("refused", 0)


def test_a_window_of_counts_counts_remedies_also_those_that_are_no_money() -> None:
    two = replace(INCIDENT, id=9, unit="employee_month", limit_minor=2, currency="XXX", measure="count")
    past = [asked(n, 100) for n in range(3)]
    free = replace(past[1].offer, amount=Money(0, "GBP"), is_monetary=False)
    past[1] = replace(past[1], offer=free, ends=(End(START + timedelta(hours=2.5), 0),))
    assert outcomes(past, [INCIDENT, two]) == ["allowed", "allowed", "needs_approval"]
    later = replace(past[2], at=START + timedelta(hours=2.5))
    assert outcomes([*past[:2], later], [INCIDENT, two])[2] == "allowed", "the second piece was given back by then"


def test_another_currency_counts_at_the_rate_of_the_day() -> None:
    class Converting(Plainly):
        def rates(self, rules: Sequence[Rule], asked: Asked, at: datetime) -> Rates:
            on = START.date()
            return Rates(on, {"USD": Rate(2_000_000, on), "GBP": Rate(1_000_000, on)})

    replay = Replay(lambda _asked: [replace(INCIDENT, currency="USD")], Converting())
    past = [asked(0, 6_000, case_id=1), asked(1, 4_000, case_id=1), asked(2, 1, case_id=1)]
    assert [replay.ask(one).outcome for one in past] == ["allowed", "allowed", "needs_approval"]


QUESTIONS = st.lists(
    st.tuples(st.integers(1, 40_000), st.integers(1, 3), st.integers(1, 3), st.integers(0, 200), st.booleans()),
    max_size=25,
)


@given(QUESTIONS, st.lists(st.integers(0, 60_000), min_size=3, max_size=3))
def test_a_draft_equal_to_the_policy_differs_in_nothing_whatever_the_past(
    drawn: list[tuple[int, int, int, int, bool]], limits: list[int]
) -> None:
    rules = [replace(rule, limit_minor=limit) for rule, limit in zip(RULES, limits, strict=False)]
    twin = [replace(rule, id=rule.id + 100) for rule in rules]
    past = []
    for number, (minor, case, customer, hours, returned) in enumerate(sorted(drawn, key=lambda row: row[3])):
        at = START + timedelta(hours=hours)
        ends = (End(at + timedelta(hours=5), 0),) if returned else ()
        past.append(asked(number, minor, at=at, case_id=case, customer_id=customer, ends=ends))
    assert [(one.outcome, one.given_minor) for one in replayed(past, rules)] == [
        (one.outcome, one.given_minor) for one in replayed(past, twin)
    ]


@given(QUESTIONS, st.integers(0, 60_000))
def test_nothing_is_allowed_beyond_a_limit_whatever_the_past(
    drawn: list[tuple[int, int, int, int, bool]], limit: int
) -> None:
    past = [asked(n, minor, case_id=case) for n, (minor, case, *_rest) in enumerate(drawn)]
    answers = replayed(past, [replace(INCIDENT, limit_minor=limit)])
    for case in (1, 2, 3):
        own = sum(
            one.given_minor
            for question, one in zip(past, answers, strict=True)
            if question.case_id == case and one.outcome == "allowed"
        )
        assert own <= limit
