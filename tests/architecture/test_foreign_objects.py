"""Somebody else's record is answered exactly like one that doesn't exist: every route that names one, as page, fragment and API.

The routes come from the URL map. One whose address begins like nothing below fails the test: say which record it names, or why
everybody with its permission may see all of them. And nothing of a foreign record stands on any page, list, search or export.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from app.attachments import actions as attachments
from app.attachments.models import Attachment
from app.audit import actions as audit
from app.audit import search_actions
from app.calendars import actions as calendars
from app.calendars.rules import WEEKDAYS
from app.customers import check_back_actions as check_backs
from app.kernel.database import db
from app.kernel.errors import BadInput
from app.kernel.references import PREFIXES, ref
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.notifications import actions as notifications
from app.notifications.models import Notification
from app.people import secret_actions
from app.people.access import declared
from app.people.models import SignInSession, Site
from app.people.permissions import PERMISSIONS
from app.people.queries import PersonRow
from app.problems import actions as problems
from app.promises import actions as promises
from app.promises.models import Promise
from app.sla.models import Clock
from tests.approvals.builders import make_request
from tests.architecture.source import ROOT
from tests.architecture.test_routes import is_api, rules, token_client
from tests.cases.builders import make_case
from tests.conftest import DATABASES
from tests.counts import count
from tests.people.builders import BUILT_AT, OPERATOR, Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy
from tests.remedies.payout_builders import settled

# Which record the first part of an address names. Those under "their own room" are made there, with tests of their own.
NAMED = {
    "/cases/<ref>": "case",
    "/audit/replay/<ref>": "case",
    "/remedies/<ref>": "remedy",
    "/exceptions/<ref>": "exception",
    "/customers/<ref>": "customer",
    "/payouts/<ref>": "payout",
    "/clocks/<ref>": "clock",
    "/promises/<ref>": "promise",
    "/attachments/<ref>": "attachment",
    "/check-backs/<ref>": "check_back",
    "/me/tokens/<reference>": "token",
    "/me/sessions/": "session",
    "/inbox/": "notification",
    "/audit/searches/": "search",
    "/causes/<ref>": "cause",
}
# Made and tested in their own room, since one takes a whole story: a test there asks a stranger.
ELSEWHERE = {
    "/absences/": "tests/approvals/test_pages.py",
    "/break-glass/": "tests/ops/test_access.py",
    "/c/<token>": "tests/portal/test_links.py",
    "/coaching/": "tests/reviews/test_recognition.py",
    "/exceptions/batches/": "tests/approvals/test_batch.py",
    "/decide/<token>": "tests/approvals/test_links.py",
    "/follow-ups/<ref>": "tests/feedback/test_surveys.py",
    "/imports/<run_ref>": "tests/intake/test_pages.py",
    "/me/reports/": "tests/insights/test_reports.py",
    "/me/passkeys/": "tests/people/test_passkeys.py",
    "/scim/v2": "tests/people",
    "/report/<code>": "tests/portal/test_reports.py",
    "/pulses/<ref>": "tests/insights/test_pulse.py",
    "/reviews/<ref>": "tests/reviews/test_pages.py",
    "/survey/<token>": "tests/feedback/test_surveys.py",
    "/updates/<token>": "tests/problems",
    "/welcome/<token>": "tests/people/test_pages.py",
    "/your-case/<ref>": "tests/portal/test_links.py",
}
# Of the whole company: whoever has the permission may see every one of them.
COMPANY_WIDE = (
    "/access-review/", "/authority-matrix/", "/categories/", "/certificate-grants/", "/certificates/", "/charter/",
    "/clauses/", "/deciders/accounts/", "/entitlements/", "/insights/", "/mails/", "/metrics/", "/outbox/",
    "/payout-routes/", "/people/", "/policies/", "/privacy/", "/provisioning/", "/regions/", "/remedy-kinds/",
    "/report-places/", "/role-changes/", "/settings/", "/sites/", "/spend-alarms/", "/teams/",
)  # fmt: skip
ABSENT = 999_999
MARK = "Quarzlampe"  # stands in everything that Quayside wrote and may be read nowhere by Harbour House
# Words of searches and filters, whichever a page knows: none is the mark itself, since a page may repeat what was asked.
SEARCHES = (
    {"q": "cleo@example.org", "term": "Ana", "case": "MG-1", "customer": "CU-1", "subject": "RM-1", "person": "EM-4"},
    {"q": "MG-1", "site": "1", "team": "1", "owner": "4", "view": "all", "state": "open", "form": "csv"},
)
MORE = {"other": "CU-1", "case": "MG-1", "kind": "apology", "code": "1.1", "language": "en"}
BODY = {
    "version": "1", "reason": "a good reason", "text": "some words", "note": "some words", "amount": "5.00",
    "kind": "refund", "outcome": "approved", "waiting_for": "customer", "intent": "foreign-0000001",
}  # fmt: skip
_MONEY = {"kind": "refund", "amount": {"amount": "5.00", "currency": "USD"}, "reason": "a good reason"}
API_BODIES: dict[str, dict[str, Any]] = {
    "api.add_message": {"direction": "in", "channel": "desk", "text": "some words"},
    "api.add_consent": {"purpose": "updates", "given": True, "source": "desk"},
    "api.add_note": {"text": "some words"},
    "api.amend_exception": {name: _MONEY[name] for name in ("amount", "reason")},
    "api.answer_question": {"text": "some words"},
    "api.ask_back": {"text": "some words"},
    "api.ask_exception": _MONEY,
    "api.decide_exception": {"outcome": "approved", "reason": "a good reason"},
    "api.finish_check_back": {"version": 1, "note": "some words"},
    "api.give_remedy": _MONEY,
    "api.merge_customer": {"into": "CU-999998", "reason": "a good reason"},
    "api.move_check_back": {"version": 1, "due_at": "2027-03-01T10:00:00Z", "note": "some words"},
    "api.pause_case": {"waiting_for": "customer", "reason": "a good reason"},
    "api.plan_check_back": {"what": "some words", "channel": "phone", "due_at": "2027-03-01T10:00:00Z"},
    "api.release_remedy": {"outcome": "declined"},
    "api.reopen_case": {"reason": "a good reason"},
    "api.send_letter": {"kind": "holding", "way": "letter", "subject": "About it", "opening": "Dear Cleo,"},
    "api.resolve_case": {"outcome": "made_good", "root_cause": "unknown"},
    "api.reverse_remedy": {"reason": "a good reason"},
    "api.set_wishes": {"version": 0},
    "api.unmerge_customer": {"reason": "a good reason"},
}
# Ending a session that is over, or nobody's, says the same as ending one's own; a letter's words are read before its case.
REFUSED = {"people.end_session": (303,), "api.send_letter": (404, 422)}
CHANGING = re.compile(
    r'name="csrf_token"[^>]*>|"request_id":"[^"]*"|<code>[0-9a-f]{32}</code>|nonce="[^"]*"|<meta name="csrf[^>]*>'
)
TOLD = audit.declare("test:told", sentence="told")


@dataclass
class World:
    company: Company
    ids: dict[str, int]

    def strangers(self) -> list[PersonRow]:
        assert self.company.tom is not None and self.company.nia is not None
        return [self.company.tom, self.company.nia]


@pytest.fixture
def world(app: Flask) -> World:
    """One record of each kind at Quayside, with a word in it that Harbour House may never read."""
    company, now = make_company(), utc_now()
    publish_policy()
    ana = company.ana.actor
    hours = {name: [["09:00", "17:00"]] for name in WEEKDAYS}
    calendar_id = calendars.add_calendar(
        code="daily", name="Daily", zone="Europe/London", windows=hours, actor=OPERATOR, now=BUILT_AT
    )
    with transaction():
        db.session.get_one(Site, company.quayside.id).calendar_id = calendar_id
        audit.record(TOLD, subject=ref("site", company.quayside.id), actor=OPERATOR, at=now)
    case = make_case(company.ana, customer=f"Cleo {MARK}", summary=f"{MARK} broke", description=f"{MARK} again")
    file = attachments.prepare(BytesIO(MARK.encode()), f"{MARK}.txt")
    attachments.add(subject_kind="case", subject_id=case.id, files=[file], actor=ana, now=now)
    check_back = check_backs.plan(
        customer_id=case.customer_id or 0, case_id=case.id, site_id=case.site_id, owner_id=company.ana.id, channel="phone",
        what=f"{MARK}?", due_at=now + timedelta(days=1), actor=ana, now=now,
    )  # fmt: skip
    promise = promise_in_open_hours(case.id, company.max, now)
    cause = problems.open_cause(
        site_id=case.site_id, category_id=None, kind="equipment", title=f"{MARK}", story=f"{MARK} each night", actor=ana,
        now=now,
    )  # fmt: skip
    request = make_request(company.ana, case=case, reason=f"The {MARK} was old")
    with transaction():
        audit.record(TOLD, subject=ref("case", case.id), actor=ana, at=now)
        notifications.notify(
            employee_ids=[company.ana.id], kind="security", subject=ref("case", case.id), url="/", text_key=MARK,
            params={}, at=now,
        )  # fmt: skip
    sign_in(app.test_client(), company.ana)
    _secret, token = secret_actions.make_token(name=MARK, actor=ana, now=now)
    ids = {
        "case": case.id,
        "customer": case.customer_id or 0,
        "remedy": give(company.ana, case.id, 100).id,
        "exception": request.id,
        "payout": settled(company, case_id=case.id).id,
        "clock": newest(Clock),
        "promise": promise.id,
        "attachment": newest(Attachment),
        "check_back": check_back.id,
        "cause": cause.id,
        "token": token.id,
        "session": newest(SignInSession),
        "notification": newest(Notification),
        "search": search_actions.keep_search(name=MARK, asked={"type": "case"}, actor=company.sam.actor, now=now).id,
    }
    db.session.remove()
    return World(company, ids)


def promise_in_open_hours(case_id: int, person: PersonRow, now: datetime) -> Promise:
    """The first hour from now at which something may be promised, whatever day the tests run on."""
    said = {"case_id": case_id, "what": f"A new {MARK}", "told_to": "Cleo", "keeper_id": None}
    for hours in range(1, 120):
        with suppress(BadInput):
            return promises.make(
                due_at=now.replace(microsecond=0) + timedelta(hours=hours), actor=person.actor, now=now, **said
            )
    raise AssertionError("no hour of the next days is open")


def newest(model: Any) -> int:
    return db.session.scalars(select(model.id).order_by(model.id.desc())).first() or 0


def path_of(rule: Rule) -> str:
    return rule.rule.removeprefix("/api/v1")


def noun_of(rule: Rule) -> str | None:
    return next((noun for start, noun in NAMED.items() if path_of(rule).startswith(start)), None)


def test_every_address_that_names_something_says_whose_it_is(app: Flask) -> None:
    known = (*NAMED, *ELSEWHERE, *COMPANY_WIDE)
    naming = [rule for rule in rules(app) if rule.arguments]
    assert [rule.rule for rule in naming if not path_of(rule).startswith(known)] == []
    unused = [start for start in known if not any(path_of(rule).startswith(start) for rule in naming)]
    assert unused == []
    assert [place for place in ELSEWHERE.values() if not (ROOT / place).exists()] == []


@pytest.mark.parametrize("database_url", DATABASES[: count(2, 1)], indirect=True)
def test_a_strangers_answer_is_the_same_for_what_is_there_and_what_is_not(app: Flask, world: World) -> None:
    different, asked = [], 0
    for person in world.strangers():
        client = sign_in(app.test_client(), person, is_proved=True)
        program, headers = token_client(app, person)
        for rule, method in requests(app, person):
            noun = noun_of(rule)
            assert noun is not None
            for kind in ("api",) if is_api(rule) else ("page", "fragment"):
                both = []
                for number in (world.ids[noun], ABSENT):
                    address = address_of(app, rule, noun, number)
                    if kind == "api":
                        more = {**headers, "Idempotency-Key": f"foreign-{asked}-{number}"}
                        body = {} if method == "GET" else {"json": API_BODIES.get(rule.endpoint, {})}
                        answer = program.open(address, method=method, headers=more, **body)
                    else:
                        more = {"HX-Request": "true"} if kind == "fragment" else {}
                        answer = client.open(
                            address, method=method, headers=more, data=BODY if method == "POST" else None
                        )
                    if answer.status_code == 303:
                        client.get("/")  # reads off what the answer said, so that the next page doesn't
                    both.append((answer.status_code, plain(answer.text, address, noun, number)))
                asked += 1
                there, nowhere = both
                if there != nowhere or there[0] not in REFUSED.get(rule.endpoint, (403, 404)) or MARK in there[1]:
                    different.append((person.name, kind, method, rule.rule, there[0], nowhere[0]))
    assert different == []
    assert asked > 150
    db.session.expire_all()
    assert db.session.get_one(SignInSession, world.ids["session"]).ended_at is None


def requests(app: Flask, person: PersonRow) -> Iterator[tuple[Rule, str]]:
    """Every route and method that names a record of ours and that the person's role includes."""
    for rule in rules(app):
        permission = declared(rule.endpoint)[0]
        if rule.arguments and noun_of(rule) and permission and person.role in PERMISSIONS[permission]:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method


def address_of(app: Flask, rule: Rule, noun: str, number: int) -> str:
    """Fill the first argument with the record, and what follows with something plain."""
    names = re.findall(r"<(?:[^:<>]+:)?(\w+)>", rule.rule)
    values: dict[str, Any] = {
        name: 1 if hasattr(rule._converters[name], "num_convert") else MORE.get(name, "1") for name in names[1:]
    }
    is_number = hasattr(rule._converters[names[0]], "num_convert")
    values[names[0]] = number if is_number else ref(noun, number)
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values, method=next(iter(rule.methods or {"GET"})))


def plain(text: str, address: str, noun: str, number: int) -> str:
    """The answer without what differs from one request to the next, and without the reference that was asked for."""
    text = text.replace(address, "ADDRESS")
    return CHANGING.sub("", text.replace(ref(noun, number), "NAMED") if noun in PREFIXES else text)


@pytest.mark.parametrize("database_url", DATABASES[: count(2, 1)], indirect=True)
def test_no_page_list_search_or_export_shows_a_stranger_what_is_not_theirs(app: Flask, world: World) -> None:
    seen, read = [], 0
    for person in world.strangers():
        client = sign_in(app.test_client(), person, is_proved=True)
        program, headers = token_client(app, person)
        for rule in rules(app):
            permission = declared(rule.endpoint)[0]
            if rule.arguments or permission is None or person.role not in PERMISSIONS[permission]:
                continue
            if "GET" not in (rule.methods or ()):
                continue
            for query in ({}, *SEARCHES):
                answer = (
                    program.get(rule.rule, query_string=query, headers=headers)
                    if is_api(rule)
                    else client.get(rule.rule, query_string=query, headers=headers_of(query))
                )
                read += 1
                assert answer.status_code < 500, (rule.rule, query)
                if MARK in answer.text:
                    seen.append((person.name, rule.rule, query))
                if answer.status_code in (404, 422) and is_api(rule):
                    break
    assert seen == []
    assert read > 100


def headers_of(query: dict[str, str]) -> dict[str, str]:
    return {"HX-Request": "true"} if query else {}
