"""Every address that takes a file is sent what is broken. Which take one is found out by sending one to every form of the URL map."""

import random
import re
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from flask import Flask, Request, request
from flask.testing import FlaskClient
from flask_wtf import file as files_of_forms
from werkzeug.routing import Rule
from wtforms import FileField, MultipleFileField

from app.kernel.database import db
from app.kernel.references import PREFIXES
from app.people.access import declared
from app.people.models import ROLES
from app.people.permissions import PERMISSIONS
from tests.architecture.hostile import GOOD, broken, files
from tests.architecture.test_hostile_forms import NOUNS, forms
from tests.architecture.test_routes import WRITING, one_of_each_role
from tests.cases.builders import make_case
from tests.conftest import DATABASES
from tests.counts import count
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy

SENT = count(100, 4)  # to each address
FIELDS = ("file", "files")
PLAIN = {
    "version": "1", "reason": "A good reason", "text": "Some words", "note": "Some words", "summary": "The room is cold", "amount": "5.00",
    "kind": "refund", "category": "1", "severity": "2", "channel": "desk", "mapping": "", "only_check": "y", "dry_run": "y",
    "title": "Some words", "intent": "upload-00000001", "nature": "goodwill", "site": "1", "name": "Some words", "code": "some",
}  # fmt: skip
_VALUE = re.compile(r'<input\b[^>]*\bname="([^"]+)"[^>]*\bvalue="([^"]*)"')


@pytest.mark.slow
@pytest.mark.parametrize("database_url", DATABASES[: count(2, 1)], indirect=True)
def test_no_address_breaks_whatever_file_it_is_sent(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    company, taken = make_company(), set[str]()
    publish_policy()
    give(company.ana, make_case(company.ana, customer="Cleo Marsh").id, 100)
    watch(monkeypatch, taken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    draw = random.Random(20_261_123)
    broken_by: list[Any] = []

    def send(rule: Rule, name: str, content: bytes) -> None:
        client = who(app, company, rule)
        address = address_of(app, rule)
        shown = client.get(address).text if rule.endpoint in taken else ""
        body = {**PLAIN, **{field: unescape(value) for field, value in _VALUE.findall(shown)}}
        sent = {**body, **{field: (BytesIO(content), name) for field in FIELDS}}
        for method in sorted(set(WRITING) & set(rule.methods or ())):
            answer = client.open(address, method=method, data=sent, content_type="multipart/form-data")
            if answer.status_code >= 500:
                broken_by.append((method, address, answer.status_code, name, content[:80]))
        db.session.remove()

    every = list(forms(app))
    for rule in every:
        send(rule, "claims.csv", GOOD["claims.csv"])
    hostile = list(files())
    for rule in (one for one in every if one.endpoint in taken):
        for name, content in draw.sample(hostile, min(SENT // 2, len(hostile))):
            send(rule, name, content)
        for _ in range(SENT - min(SENT // 2, len(hostile))):
            name = draw.choice(list(GOOD))
            send(rule, name, broken(draw, GOOD[name]))
    assert broken_by == []
    assert {one.partition(".")[0] for one in taken} >= {
        "approvals",
        "attachments",
        "calendars",
        "customers",
        "intake",
        "policies",
    }, taken


def watch(monkeypatch: pytest.MonkeyPatch, taken: set[str]) -> None:
    """Note each endpoint that gives a file that was sent to a field of a form, or reads one without a form."""

    class Watched(BytesIO):
        def read(self, *given: Any) -> bytes:
            taken.add(str(request.endpoint))
            return super().read(*given)

    monkeypatch.setattr(Request, "_get_file_stream", lambda *_given, **_named: Watched())
    for field in (FileField, MultipleFileField, files_of_forms.FileField, files_of_forms.MultipleFileField):

        def noted(self: Any, values: Any, process: Any = field.process_formdata) -> None:
            if values:
                taken.add(str(request.endpoint))
            process(self, values)

        monkeypatch.setattr(field, "process_formdata", noted)


def who(app: Flask, company: Company, rule: Rule) -> FlaskClient:
    permission = declared(rule.endpoint)[0]
    people = one_of_each_role(company)
    may = [role for role in ROLES if permission and role in PERMISSIONS[permission]]
    return sign_in(app.test_client(), people[may[0]], is_proved=True) if may else app.test_client()


def address_of(app: Flask, rule: Rule) -> str:
    """Name number 1 of each kind."""
    known = next((f"{PREFIXES[noun]}-1" for root, noun in NOUNS.items() if rule.rule.startswith(root)), "MG-1")
    values = {name: 1 if hasattr(rule._converters[name], "num_convert") else known for name in rule.arguments}
    with app.test_request_context():
        method = next(one for one in WRITING if one in (rule.methods or ()))
        return app.url_map.bind("localhost").build(rule.endpoint, values, method=method)
