"""Every form of the URL map is sent what no browser would send: it refuses or takes it, and never breaks.

The forms come from the URL map, the fields from the pages that show them (and a common stock of names), the people are all roles.
Importers of files have their own: tests/intake, tests/policies/test_files.py, tests/approvals/test_calendar.py, tests/attachments.
"""

import random
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.routing import Rule

from app.kernel.database import db
from app.kernel.references import PREFIXES
from app.people.access import declared
from app.people.models import ROLES
from app.people.permissions import PERMISSIONS
from app.ui.forms import version_of
from tests.architecture.test_routes import WRITING, is_api, one_of_each_role, rules
from tests.cases.builders import make_case
from tests.conftest import DATABASES
from tests.counts import count
from tests.ops.test_sent_twice import doubled
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy

ROUNDS = count(3, 1)
HOSTILE = (
    "", " ", "0", "-1", "1e309", "NaN", "999999999999999999999", "9223372036854775808", "1.005", "١٢٣", "true", "null", "None",
    "2026-02-30", "0001-01-01", "9999-12-31T23:59", "2026-11-22T15:00", "MG-1", "EM-1", "CU-1", "MG-99999999999999999999", "GBP", "XXX",
    "<script>alert(1)</script>", "=1+1", "@SUM(A1)", "'; DROP TABLE purse; --", "%00", "\x00", "a\x00b", "\u202e", "\N{GRINNING FACE}" * 9,
    "a\r\nSet-Cookie: x=1", "../../etc/passwd", "//evil.example", "https://evil.example", "{{7*7}}", "%(name)s", "%s%n", "x" * 70_000,
    "[]", "{}", '{"a": [1]}', "on", "1", "refund", "en", "de", "Europe/London", "a@b", "a@example.org", "1.1", "*",
)  # fmt: skip
# Names that some form reads, in case a page that shows it needs a state that is not there.
COMMON = (
    "version", "reason", "note", "text", "amount", "kind", "outcome", "to", "due_at", "intent", "email", "name", "code", "phrase",
    "query", "title", "story", "action", "id", "ids", "file", "site", "team", "role", "language", "currency", "limit", "since", "until",
)  # fmt: skip
_FIELD = re.compile(r'<(?:input|select|textarea|button)\b[^>]*\bname="([^"]+)"')
NEVER = {"people.sign_out"}


@pytest.fixture
def company(app: Flask) -> Company:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    give(company.ana, case.id, 100)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return company


def forms(app: Flask) -> Iterator[Rule]:
    for rule in rules(app):
        # SCIM speaks JSON to programs: tests/people tries it with scim2-tester.
        if (
            not is_api(rule)
            and not rule.rule.startswith("/scim/")
            and rule.endpoint not in NEVER
            and set(WRITING) & set(rule.methods or ())
        ):
            yield rule


def address_of(app: Flask, rule: Rule, draw: random.Random) -> str:
    """Name what exists (number 1 of its kind) or something odd."""
    values: dict[str, Any] = {}
    for name in rule.arguments:
        if hasattr(rule._converters[name], "num_convert"):
            values[name] = draw.choice((1, 1, 2, 999_999, 10**17))
        else:
            known = next((f"{PREFIXES[noun]}-1" for root, noun in NOUNS.items() if rule.rule.startswith(root)), "MG-1")
            values[name] = draw.choice((known, known, known, "1.1", "XX-1", "new", "\u202e"))
    with app.test_request_context():
        method = next(one for one in WRITING if one in (rule.methods or ()))
        return app.url_map.bind("localhost").build(rule.endpoint, values, method=method)


NOUNS = {
    "/cases/": "case", "/customers/": "customer", "/remedies/": "remedy", "/exceptions/": "exception", "/people/": "employee",
    "/policies/": "policy", "/teams/": "team", "/sites/": "site", "/clocks/": "clock", "/categories/": "category",
    "/settings/working-hours/": "calendar", "/privacy/people/": "customer", "/promises/": "promise", "/payouts/": "payout",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("database_url", DATABASES[: count(2, 1)], indirect=True)
def test_no_form_breaks_whatever_it_is_sent(app: Flask, company: Company) -> None:
    draw = random.Random(20_261_122)
    stranger = app.test_client()
    people = one_of_each_role(company)
    fields: dict[str, set[str]] = {}
    twice: set[tuple[str, str]] = set()
    broken, sent = [], 0
    for turn in range(ROUNDS):
        for rule in forms(app):
            permission = declared(rule.endpoint)[0]
            may = [role for role in ROLES if permission and role in PERMISSIONS[permission]]
            # A new session each time: what was sent may have ended the last one.
            client = sign_in(app.test_client(), people[draw.choice(may)], is_proved=True) if may else stranger
            address = address_of(app, rule, draw)
            shown = client.get(address)
            twice |= set(doubled(app, shown.text, address))
            names = fields.setdefault(rule.endpoint, set(COMMON))
            names |= set(_FIELD.findall(unescape(shown.text)))
            body: MultiDict[str, str] = MultiDict()
            # What came twice is refused unread (tests/ops/test_sent_twice.py), so it is sent now and then only.
            often = (0, 1, 1, 1, 2) if draw.random() < 0.1 else (0, 1, 1, 1)
            for name in sorted(names):
                for _ in range(draw.choice(often)):
                    body.add(name, draw.choice(HOSTILE))
            headers = {"HX-Request": "true"} if draw.random() < 0.3 else {}
            for method in sorted(set(WRITING) & set(rule.methods or ())):
                answer = client.open(address, method=method, data=body, headers=headers)
                sent += 1
                if shown.status_code >= 500 or answer.status_code >= 500:
                    broken.append((turn, method, address, shown.status_code, answer.status_code, dict(body)))
                where = answer.headers.get("Location", "/")
                assert where.startswith("/") and not where.startswith("//"), (address, where)
            db.session.remove()
    assert [row[:5] for row in broken] == [], broken[:1]
    assert (sent > 150, twice) == (True, set())


def test_a_form_without_its_version_counts_as_an_old_one() -> None:
    assert [version_of(typed) for typed in ("7", 7, None, "", "-1", "٧", "x", "9" * 30)] == [7, 0, 0, 0, 0, 0, 0, 0]
