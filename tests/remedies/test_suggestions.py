"""Suggestions name their rules and precedents, and are off for who said no."""

import pytest
from flask import Flask
from sqlalchemy import event

from app.customers import care_actions
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.remedies.history import PastRemedy, log_history
from app.remedies.precedent_rules import Band
from app.remedies.suggestion_rules import Past, suggest
from tests.cases.builders import make_case
from tests.people.builders import make_company, sign_in
from tests.remedies.builders import publish_policy

KNOWN = {"refund", "voucher", "credit", "apology", "explanation"}


def past(kind: str, accepted: int = 30, declined: int = 0, high: int = 9_000) -> Past:
    return Past(kind, Band(30, 1_000, 5_000, high), accepted, declined, ("MG-1", "MG-2"))


def kinds(found: object) -> list[tuple[str, int | None]]:
    return [(one.kind, one.minor) for one in found]  # type: ignore[attr-defined]


def test_what_customers_took_most_often_comes_first_and_every_suggestion_names_a_rule() -> None:
    found = suggest(
        [past("credit", 15, 15), past("refund", 29, 1), past("voucher", 20, 10)],
        attribution="company", loss_minor=None, is_repeated=False, known=KNOWN,
    )  # fmt: skip
    assert kinds(found) == [("refund", 5_000), ("voucher", 5_000), ("apology", None)]
    assert all(one.reasons for one in found)
    assert found[0].reasons[0].cases == ("MG-1", "MG-2")
    assert found[0].reasons[0].figures == (30, 29, 30)


@pytest.mark.parametrize(
    ("loss", "is_repeated", "minor", "rules"),
    [
        (None, True, 9_000, ["precedents@1", "second-failure@1"]),
        (6_000, True, 9_000, ["precedents@1", "second-failure@1"]),
        (5_999, True, 8_998, ["precedents@1", "second-failure@1", "far-above-loss@1"]),
        (3_333, False, 4_999, ["precedents@1", "far-above-loss@1"]),
    ],
)
def test_a_second_failure_takes_the_upper_end_and_never_more_than_the_loss_allows(
    loss: int | None, is_repeated: bool, minor: int, rules: list[str]
) -> None:
    (one, _apology) = suggest(
        [past("refund")], attribution="company", loss_minor=loss, is_repeated=is_repeated, known=KNOWN
    )
    assert (one.minor, [reason.rule for reason in one.reasons]) == (minor, rules)


def test_what_was_not_ours_to_prevent_gets_words_and_no_money() -> None:
    found = suggest([past("refund")], attribution="third_party", loss_minor=None, is_repeated=True, known=KNOWN)
    assert kinds(found) == [("explanation", None), ("apology", None)]
    assert suggest([past("refund")], attribution="company", loss_minor=None, is_repeated=False, known=()) == ()


def test_the_page_shows_rules_and_cases_and_nothing_at_all_to_who_opted_out(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    rows = [
        PastRemedy(case.id, case.site_id, None, "refund", "goodwill", Money(4_000, "GBP"), utc_now()) for _ in range(20)
    ]
    log_history(rows, actor=company.ada.actor, now=utc_now())
    ana, url = sign_in(app.test_client(), company.ana), f"/cases/{case.ref}/suggestions"
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    body = ana.get(url).get_data(as_text=True)
    assert len(statements) <= 15
    assert "£40.00" in body
    assert "precedents@1" in body
    assert case.ref in body
    part = ana.get(url, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in part
    assert "What may help" in ana.get(f"/cases/{case.ref}").get_data(as_text=True)
    now = utc_now()
    care_actions.record_consent(
        customer_id=case.customer_id or 0, purpose="suggestions", given=False, source="phone", said_at=now,
        actor=company.ana.actor, now=now,
    )  # fmt: skip
    statements.clear()
    body = ana.get(url).get_data(as_text=True)
    assert "£40.00" not in body
    assert "You decide by yourself" in body
    assert not [one for one in statements if "precedent" in one]
    assert company.nia
    assert sign_in(app.test_client(), company.nia).get(url).status_code == 404
    assert sign_in(app.test_client(), company.hana).get(url).status_code == 403
