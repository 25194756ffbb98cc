"""A decider sees their own figures, with their number, and nobody else's."""

from datetime import timedelta

from flask import Flask

from app.approvals import actions as approvals
from app.insights.approval_queries import mirror
from app.kernel.money import Money
from app.kernel.time import utc_now
from tests.approvals.builders import make_request
from tests.people.builders import make_company, sign_in


def test_the_mirror_counts_by_hand_and_says_too_few_below_ten(app: Flask) -> None:
    company, now = make_company(), utc_now() - timedelta(days=1)
    told = [(10, "approved", "", None), (21, "approved", "", None), (5, "approved", "Fair.", None),
            (5, "approved", "", 9_000), (90, "declined", "No.", None)]  # fmt: skip
    for seconds, outcome, reason, minor in told:
        request = make_request(company.ana, now=now)
        approvals.decide(
            exception_id=request.id, outcome=outcome, amount=Money(minor, "GBP") if minor else None, reason=reason,
            actor=company.sam.actor, now=now + timedelta(seconds=seconds),
        )  # fmt: skip
    found = mirror(company.sam.id, utc_now())
    assert (found.quick.successes, found.granted.successes, found.count) == (1, 4, 5)
    assert (found.waited_seconds, found.quick.is_enough) == (131, False)
    assert mirror(company.max.id, utc_now()).count == 0
    page = sign_in(app.test_client(), company.sam).get("/metrics/my-decisions")
    assert page.status_code == 200 and "too few" in page.text
    assert sign_in(app.test_client(), company.ana).get("/metrics/my-decisions").status_code == 403
