"""Precedents: what similar cases got, and a reason for what is far from it, low as well as high."""

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text

from app.cases.models import Case
from app.kernel.database import db
from app.kernel.errors import BadInput
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people.permissions import COMPANY, Scope
from app.people.queries import PersonRow
from app.remedies import actions as remedies
from app.remedies import precedent_queries as precedents
from app.remedies.history import PastRemedy, log_history
from app.remedies.precedent_queries import Stratum
from app.remedies.precedent_rules import COUNT_MIN, SAMPLE_MAX, Band, band_of, is_far_above
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy


def test_the_band_is_by_nearest_rank_and_needs_twenty() -> None:
    assert band_of(range(1, COUNT_MIN)) is None
    assert band_of(range(1, 21)) == Band(20, 2, 10, 18)
    assert band_of([5] * 30) == Band(30, 5, 5, 5)


@given(st.lists(st.integers(1, 10**9), min_size=COUNT_MIN, max_size=SAMPLE_MAX))
def test_at_least_eight_of_ten_lie_in_the_band_in_any_order(amounts: list[int]) -> None:
    band = band_of(amounts)
    assert band is not None
    assert band == band_of(sorted(amounts, reverse=True))
    inside = [amount for amount in amounts if not band.is_outside(amount)]
    assert len(inside) * 10 >= len(amounts) * 8
    assert band.low_minor <= band.middle_minor <= band.high_minor


@pytest.mark.parametrize(
    ("total", "loss", "is_above"), [(15_000, 10_000, False), (15_001, 10_000, True), (1, None, False), (1, 0, False)]
)
def test_more_than_one_and_a_half_times_the_loss_is_noticed(total: int, loss: int | None, is_above: bool) -> None:
    assert is_far_above(total, loss) is is_above


def past(person: PersonRow, case: Case, amounts: list[int]) -> Stratum:
    """Precedents of a case's stratum: amounts that were paid before and are brought in now."""
    rows = [
        PastRemedy(case.id, case.site_id, None, "refund", "goodwill", Money(amount, "GBP"), utc_now())
        for amount in amounts
    ]
    log_history(rows, actor=person.actor, now=utc_now())
    return Stratum(case.category_id, case.severity, "refund", "GBP")


def ready() -> tuple[Company, Case, Stratum]:
    company = make_company()
    publish_policy()
    case = make_case(company.ana, loss_minor=10_000)
    stratum = past(company.ada, case, [500 * (step % 10 + 1) for step in range(COUNT_MIN)])
    return company, case, stratum


def test_an_offer_outside_the_band_asks_for_a_reason_low_as_well_as_high(app: Flask) -> None:
    company, case, _ = ready()
    for amount in (499, 4_501):
        with pytest.raises(BadInput) as refusal:
            give(company.ana, case.id, amount, reason=" ")
        assert "5.00 to 45.00 GBP" in refusal.value.errors["reason"][0]
        assert give(company.ana, case.id, amount, reason="a birthday").state == "reserved"
    for amount in (500, 4_500):
        assert give(company.ana, case.id, amount, reason="").state == "reserved"
    assert give(company.ana, case.id, 0, kind="apology", reason="").state == "reserved"
    assert give(company.ana, case.id, 9_500, kind="credit", reason="").state == "reserved", "another kind, no band"


def test_precedents_are_what_deeds_leave_behind(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case, ana, now = make_case(company.ana), company.ana.actor, utc_now()
    given, declined, taken_back, undone = (give(company.ana, case.id, 1_000 + step) for step in range(4))
    remedies.accept(remedy_id=given.id, actor=ana, now=now)
    remedies.accept(remedy_id=undone.id, actor=ana, now=now)
    remedies.decline(remedy_id=declined.id, actor=ana, now=now)
    remedies.withdraw(remedy_id=taken_back.id, actor=ana, now=now)
    remedies.reverse(remedy_id=undone.id, reason="wrong guest", actor=company.sam.actor, now=now)
    stratum = Stratum(case.category_id, case.severity, "refund", "GBP")
    found = precedents.similar(stratum, COMPANY)
    assert (found.given, found.declined, found.unanswered, found.band) == ((1_000,), 1, 0, None)
    elsewhere = precedents.similar(stratum, Scope("site", 999))
    assert (elsewhere.given, elsewhere.latest) == ((1_000,), ()), "figures of the company, links only to one's own"


def test_the_page_shows_the_band_and_the_loss_to_those_who_see_the_case(app: Flask) -> None:
    company, case, _ = ready()
    url = f"/cases/{case.ref}/precedents?kind=refund&amount=200"
    shown = sign_in(app.test_client(), company.ana).get(url)
    assert "eight of ten got £5.00 to £45.00" in shown.text
    assert "150 % of the loss of £100.00" in shown.text
    assert "Say in the reason why" in shown.text
    part = sign_in(app.test_client(), company.bo).get(url, headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "Too few" in sign_in(app.test_client(), company.ana).get(url.replace("refund", "credit")).text
    assert company.nia is not None
    assert sign_in(app.test_client(), company.nia).get(url).status_code == 404
    assert sign_in(app.test_client(), company.hana).get(url).status_code == 403


def test_the_sample_is_capped_and_read_by_its_index(app: Flask) -> None:
    _, _, stratum = ready()
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    precedents.similar(stratum, COMPANY)
    (asked,) = [one for one in statements if "precedent" in one]
    assert "LIMIT" in asked
    if db.engine.dialect.name == "sqlite":
        plan = db.session.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT amount_minor FROM precedent WHERE category_id = 1 AND severity = 3 AND "
                "kind = 'refund' AND currency = 'GBP' ORDER BY at DESC, remedy_id DESC LIMIT 200"
            )
        ).all()
        assert [row[3] for row in plan] == [
            "SEARCH precedent USING INDEX ix_precedent_stratum (category_id=? AND severity=? AND kind=? AND currency=?)"
        ]
